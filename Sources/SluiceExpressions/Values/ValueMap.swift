/// A map of CEL: entries in the order they were written.
///
/// Few entries are searched one by one, many through an index. Keys are bool, int, uint or string;
/// numbers that are equal are one key, whatever their type. The fixed order makes every walk over
/// a map the same in every run.
///
/// An object, so that a value that is one is no larger than a text, and copied with one retain.
package final class ValueMap: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    package var key: Value
    package var value: Value

    package init(key: Value, value: Value) {
      self.key = key
      self.value = value
    }
  }

  private let keys: Keys
  private let values: [Value]
  private let index: [Key: Int]?

  /// Maps of texts, which headers are, keep their keys unboxed.
  private enum Keys: Sendable, Hashable {
    case texts([String])
    case mixed([Value])
  }

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
      else { return nil }
    }
    let texts = entries.compactMap { if case .string(let text) = $0.key { text } else { nil } }
    keys = texts.count == entries.count ? .texts(texts) : .mixed(entries.map(\.key))
    values = entries.map(\.value)
    self.index = entries.count > Self.scanLimit ? index : nil
  }

  /// Makes a map of strings; the first of several equal keys wins.
  ///
  /// Complexity: as the square of the entries, which are as few as the fields of a head.
  package init(strings: some Sequence<(String, String)>) {
    var texts: [String] = []
    var values: [Value] = []
    for (key, value) in strings where !texts.contains(where: { $0.hasSameCodePoints(as: key) }) {
      texts.append(key)
      values.append(.string(value))
    }
    keys = .texts(texts)
    self.values = values
    // Made for one exchange, which looks up a few at most: to hash all of them is not worth it.
    index = nil
  }

  package var count: Int { values.count }

  package var entries: [Entry] { zip(keyValues, values).map { Entry(key: $0, value: $1) } }

  var keyValues: [Value] {
    switch keys {
    case .texts(let texts): texts.map(Value.string)
    case .mixed(let keys): keys
    }
  }

  /// Whether a value may be a key as it is written: doubles only find keys.
  static func isKey(_ value: Value) -> Bool {
    switch value {
    case .bool, .int, .uint, .string: true
    case .null, .double, .bytes, .list, .map, .timestamp, .duration, .money, .type, .optional, .ip,
      .cidr:
      false
    }
  }

  /// The value under `key`, where `1`, `1u` and `1.0` are the same key.
  package subscript(key: Value) -> Value? {
    guard let key = Key(key) else { return nil }
    if let index { return index[key].map { values[$0] } }
    return keyValues.firstIndex { Key($0) == key }.map { values[$0] }
  }

  package subscript(text: String) -> Value? { self[KnownText(text)] }

  subscript(text: KnownText) -> Value? { position(of: text).map { values[$0] } }

  func hasKey(_ text: KnownText) -> Bool { position(of: text) != nil }

  private func position(of text: KnownText) -> Int? {
    if let index { return index[.string(CodePoints(text.text))] }
    switch keys {
    case .texts(let texts):
      for position in texts.indices where text.isSame(as: texts[position]) { return position }
      return nil
    case .mixed(let keys):
      return keys.firstIndex {
        if case .string(let key) = $0 { text.isSame(as: key) } else { false }
      }
    }
  }

  package static func == (left: ValueMap, right: ValueMap) -> Bool {
    left.keyValues == right.keyValues && left.values == right.values
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(values) }
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
    case .null, .bytes, .list, .map, .timestamp, .duration, .money, .type, .optional, .ip, .cidr:
      return nil
    }
  }
}
