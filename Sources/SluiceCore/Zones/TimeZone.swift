internal import CZone
internal import Synchronization

/// A time zone of the IANA database: by how much its clocks differ from UTC, and when.
///
/// Immutable. Asking for an offset takes a binary search over the zone's changes, some hundred.
package struct TimeZone: Sendable, Equatable {
  /// `Europe/Paris`.
  package let name: String
  private let rules: ZoneRules

  package init(name: String, rules: ZoneRules) {
    self.name = name
    self.rules = rules
  }

  package static let utc = TimeZone(name: "UTC", rules: ZoneRules(offset: 0))

  /// The zone of that name in the system's database; `nil` if it has none, or no database.
  ///
  /// The file is read once a process, which blocks for a moment; `UTC` needs none.
  package static func named(_ name: String) -> TimeZone? {
    if name == "UTC" { return .utc }
    guard isName(name) else { return nil }
    return known.withLock { known in
      if let zone = known[name] { return zone }
      guard let bytes = file(of: name), let rules = ZoneRules(file: bytes) else { return nil }
      let zone = TimeZone(name: name, rules: rules)
      // There are some six hundred names, so the table has an end.
      known[name] = zone
      return zone
    }
  }

  private static let known = Mutex<[String: TimeZone]>([:])

  /// Names hold letters, digits and `/ _ + -`, so that none leads out of the database's folder.
  private static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 255, !name.hasPrefix("/") else { return false }
    return name.utf8.allSatisfy { byte in
      (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
        || "/_+-".utf8.contains(byte)
    }
  }

  private static func file(of name: String) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: Bounds.zoneFileBytes)
    let size = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> Int in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe sluice_zone_read(name, start, buffer.count)
    }
    return size > 0 ? Array(bytes[..<size]) : nil
  }

  /// Seconds east of UTC at `seconds` since 1970.
  package func offset(at seconds: Int64) -> Int64 { rules.offset(at: seconds) }

  /// What clocks in the zone show: as if it were UTC, in seconds since 1970.
  package func local(at seconds: Int64) -> Int64 { seconds + offset(at: seconds) }

  /// The first moment at which clocks show `local`; where they skip it, the moment of the skip.
  package func firstMoment(atLocal local: Int64) -> Int64 {
    // Offsets lie within a day of UTC, and no zone changes twice in two days.
    let offsets = [offset(at: local - 86_400), offset(at: local + 86_400)]
    let moments = offsets.map { local - $0 }
    if let first = moments.filter({ self.local(at: $0) == local }).min() { return first }
    // Skipped: the clocks show less before the change and more after it.
    var before = local - max(offsets[0], offsets[1])
    var after = local - min(offsets[0], offsets[1])
    while after - before > 1 {
      let middle = before + (after - before) / 2
      if self.local(at: middle) < local { before = middle } else { after = middle }
    }
    return self.local(at: before) < local ? after : before
  }
}
