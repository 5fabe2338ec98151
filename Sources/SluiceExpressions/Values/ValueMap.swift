/// A map of CEL: entries in the order they were written.
///
/// Few entries are searched one by one, many through an index. Keys are bool, int, uint or string;
/// numbers that are equal are one key, whatever their type. The fixed order makes every walk over
/// a map the same in every run.
package struct ValueMap: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    package var key: Value
    package var value: Value
  }

  package private(set) var entries: [Entry]
  private var index: [Key: Int]?

  /// Maps up to this size are searched without an index.
  private static let scanLimit = 8

  /// Makes a map.
  ///
  /// - Returns: `nil` when a key repeats, or is of a type that cannot be one.
  package init?(_ entries: [Entry]) {
    var index: [Key: Int] = [:]
    for (position, entry) in entries.enumerated() {
      guard Self.isKey(entry.key), let key = Key(entry.key),
        index.updateValue(position, forKey: key) == nil
      else {
        return nil
      }
    }
    self.entries = entries
    self.index = entries.count > Self.scanLimit ? index : nil
  }

  /// Makes a map of strings; the first of several equal keys wins.
  package init(strings: some Sequence<(String, String)>) {
    var entries: [Entry] = []
    var seen: Set<CodePoints> = []
    for (key, value) in strings where seen.insert(CodePoints(key)).inserted {
      entries.append(Entry(key: .string(key), value: .string(value)))
    }
    self.entries = entries
    index = nil
    guard entries.count > Self.scanLimit else { return }
    var index: [Key: Int] = [:]
    for (position, entry) in entries.enumerated() {
      if let key = Key(entry.key) { index[key] = position }
    }
    self.index = index
  }

  package var count: Int { entries.count }

  /// Whether a value may be a key as it is written: doubles only find keys.
  static func isKey(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .uint, .string: true
    case .null, .double, .bytes, .list, .map, .timestamp, .duration, .money, .type: false
    }
  }

  /// The value under `key`, where `1`, `1u` and `1.0` are the same key.
  package subscript(key: Value) -> Value? {
    if case .string(let text) = key { return self[text] }
    guard let key = Key(key) else { return nil }
    if let index { return index[key].map { entries[$0].value } }
    return entries.first { Key($0.key) == key }?.value
  }

  package subscript(text: String) -> Value? {
    if let index { return index[.string(CodePoints(text))].map { entries[$0].value } }
    for entry in entries {
      if case .string(let key) = entry.key, key.hasSameCodePoints(as: text) { return entry.value }
    }
    return nil
  }

  package static func == (left: ValueMap, right: ValueMap) -> Bool {
    left.entries == right.entries
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(entries) }
}

/// A map key with equal numbers made one.
private enum Key: Hashable, Sendable {
  case bool(Bool)
  case int(Int64)
  /// Only beyond the range of `int`.
  case uint(UInt64)
  case string(CodePoints)

  init?(_ value: Value) {
    switch value {
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .uint(let value): self = Int64(exactly: value).map(Self.int) ?? .uint(value)
    case .double(let value):
      // Literals may not be doubles, but a look-up by 1.0 finds 1.
      if let whole = Int64(exactly: value) {
        self = .int(whole)
      } else if let whole = UInt64(exactly: value) {
        self = .uint(whole)
      } else {
        return nil
      }
    case .string(let value): self = .string(CodePoints(value))
    case .null, .bytes, .list, .map, .timestamp, .duration, .money, .type: return nil
    }
  }
}
