/// When the clocks of a zone change, as its file says (RFC 9636).
package struct ZoneRules: Sendable, Equatable {
  /// Seconds since 1970 at which the offset changes, in ascending order.
  private let changes: [Int64]
  /// Seconds east of UTC: before the first change, then from each change on.
  private let offsets: [Int64]
  /// The rule behind the last change.
  private let rule: YearlyRule?

  /// A zone that never changes.
  package init(offset: Int64) {
    changes = []
    offsets = [offset]
    rule = nil
  }

  /// Reads a file in version 2 or later of the format.
  ///
  /// - Returns: `nil` for anything that is no such file. Leap seconds are not counted.
  package init?(file: [UInt8]) {
    var reader = ZoneFileReader(file)
    guard let first = reader.header(), first.version >= UInt8(ascii: "2"),
      reader.skip(first.bodyBytes(timeBytes: 4)), let header = reader.header()
    else { return nil }
    var changes: [Int64] = []
    for _ in 0..<header.changes {
      guard let change = reader.int64(), change > changes.last ?? .min else { return nil }
      changes.append(change)
    }
    guard let kinds = reader.bytes(header.changes) else { return nil }
    var offsetOfKind: [Int64] = []
    for _ in 0..<header.kinds {
      guard let offset = reader.int32(), reader.skip(2) else { return nil }
      offsetOfKind.append(offset)
    }
    guard kinds.allSatisfy({ Int($0) < offsetOfKind.count }), let initial = offsetOfKind.first,
      reader.skip(header.trailingBytes), let footer = reader.footer()
    else { return nil }
    self.changes = changes
    offsets = [initial] + kinds.map { offsetOfKind[Int($0)] }
    if footer.isEmpty {
      rule = nil
    } else {
      guard let rule = YearlyRule(footer) else { return nil }
      self.rule = rule
    }
  }

  func offset(at seconds: Int64) -> Int64 {
    if let last = changes.last, seconds < last { return offsets[position(of: seconds)] }
    return rule?.offset(at: seconds) ?? offsets[offsets.count - 1]
  }

  /// How many changes happened until `seconds`.
  private func position(of seconds: Int64) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Reads the big-endian numbers of a zone's file.
private struct ZoneFileReader {
  private let file: [UInt8]
  private var position = 0

  init(_ file: [UInt8]) { self.file = file }

  struct Header {
    let version: UInt8
    let changes: Int
    let kinds: Int
    let nameBytes: Int
    let leaps: Int
    let standards: Int
    let universals: Int

    /// What follows the kinds, in a body with times of eight bytes.
    var trailingBytes: Int { nameBytes + leaps * 12 + standards + universals }

    func bodyBytes(timeBytes: Int) -> Int {
      changes * (timeBytes + 1) + kinds * 6 + nameBytes + leaps * (timeBytes + 4) + standards
        + universals
    }
  }

  mutating func header() -> Header? {
    guard let magic = bytes(4), magic == Array("TZif".utf8), let version = bytes(1)?.first,
      skip(15), let universals = count(), let standards = count(), let leaps = count(),
      let changes = count(), let kinds = count(), let nameBytes = count()
    else { return nil }
    return Header(
      version: version,
      changes: changes,
      kinds: kinds,
      nameBytes: nameBytes,
      leaps: leaps,
      standards: standards,
      universals: universals
    )
  }

  /// A count that the rest of the file can hold.
  private mutating func count() -> Int? {
    guard let value = int32(), value >= 0, value <= file.count else { return nil }
    return Int(value)
  }

  mutating func int32() -> Int64? {
    guard let value = bytes(4) else { return nil }
    return Int64(Int32(bitPattern: value.reduce(0) { $0 << 8 | UInt32($1) }))
  }

  mutating func int64() -> Int64? {
    guard let value = bytes(8) else { return nil }
    return Int64(bitPattern: value.reduce(0) { $0 << 8 | UInt64($1) })
  }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard count <= file.count - position else { return nil }
    defer { position += count }
    return Array(file[position..<position + count])
  }

  mutating func skip(_ count: Int) -> Bool {
    guard count <= file.count - position else { return false }
    position += count
    return true
  }

  /// The text between two line feeds at the end.
  mutating func footer() -> [UInt8]? {
    guard let open = bytes(1), open == [0x0a], let rest = bytes(file.count - position),
      rest.last == 0x0a
    else { return nil }
    return Array(rest.dropLast())
  }
}
