import Foundation
import SluiceCore
import Testing

@Suite("Time zones")
struct TimeZoneTests {
  private func zone(_ name: String) throws -> SluiceCore.TimeZone {
    try #require(SluiceCore.TimeZone.named(name), "the machine has a database of zones")
  }

  @Test("offsets are those of another reader of the database")
  func offsets() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/zone-offsets.txt")
    let text = try String(contentsOf: file, encoding: .utf8)
    let rows = text.split(separator: "\n")
    #expect(rows.count == 960)
    for row in rows {
      let parts = row.split(separator: " ")
      let (name, seconds) = (String(parts[0]), try #require(Int64(parts[1])))
      #expect(try zone(name).offset(at: seconds) == Int64(parts[2]), "\(row)")
    }
  }

  @Test(
    "what is no name of the database is no zone",
    arguments: ["", "Europe", "Nowhere/City", "../etc/passwd", "/etc/localtime", "a b", "UTC\0"]
  )
  func unknown(name: String) {
    #expect(SluiceCore.TimeZone.named(name) == nil)
  }

  @Test("a time that clocks show twice is its first, one that they skip is the skip")
  func firstMoments() throws {
    let paris = try zone("Europe/Paris")
    func seconds(_ text: String) throws -> Int64 { try #require(UTCTime.seconds(of: text)) }
    func local(_ text: String) throws -> Int64 { try seconds(text + "Z") }
    // Back from 03:00 to 02:00 in October, on from 02:00 to 03:00 in March.
    #expect(
      try paris.firstMoment(atLocal: local("2026-10-25T02:30:00"))
        == seconds("2026-10-25T02:30:00+02:00")
    )
    #expect(
      try paris.firstMoment(atLocal: local("2026-03-29T02:30:00"))
        == seconds("2026-03-29T03:00:00+02:00")
    )
    // Samoa had no 30 December 2011 at all.
    #expect(
      try zone("Pacific/Apia").firstMoment(atLocal: local("2011-12-30T00:00:00"))
        == seconds("2011-12-31T00:00:00+14:00")
    )
  }

  @Test(
    "rules of POSIX in all their forms",
    arguments: [
      ("EST5EDT,M3.2.0,M11.1.0", "2060-07-01T12:00:00Z", -14_400),
      ("EST5EDT,M3.2.0,M11.1.0", "2060-01-01T12:00:00Z", -18_000),
      ("<+0330>-3:30", "2060-07-01T12:00:00Z", 12_600),
      ("AAA0BBB,J60/0,J300/0", "2060-03-01T00:00:00Z", 3_600),
      ("AAA0BBB,J60/0,J300/0", "2060-02-29T23:59:59Z", 0),
      ("AAA0BBB,59/0,299/0", "2060-02-29T00:00:00Z", 3_600),
      ("AAA0BBB-2,M10.1.0,M4.1.0", "2060-01-01T00:00:00Z", 7_200),
    ]
  )
  func rules(text: String, time: String, offset: Int64) throws {
    let rules = try #require(ZoneRules(file: Self.file(footer: text)))
    let zone = SluiceCore.TimeZone(name: "Test", rules: rules)
    #expect(try zone.offset(at: #require(UTCTime.seconds(of: time))) == offset)
  }

  @Test("a file that is cut or turned anywhere is refused or read, and never crashes")
  func broken() {
    let file = Self.file(footer: "EST5EDT,M3.2.0,M11.1.0")
    #expect(ZoneRules(file: file) != nil)
    for end in file.indices { #expect(ZoneRules(file: Array(file[..<end])) == nil) }
    for place in file.indices {
      for bit in 0..<8 {
        var turned = file
        turned[place] ^= 1 << UInt8(bit)
        if let rules = ZoneRules(file: turned) {
          let zone = SluiceCore.TimeZone(name: "Test", rules: rules)
          for seconds: Int64 in [-1 << 40, 0, 1 << 31, 1 << 40] { _ = zone.offset(at: seconds) }
        }
      }
    }
  }

  /// The least file: no changes, one kind, and a rule.
  private static func file(footer: String) -> [UInt8] {
    func number(_ value: Int) -> [UInt8] { [0, 0, UInt8(value >> 8), UInt8(value & 0xff)] }
    let header =
      Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
      + [0, 0, 0, 0, 1, 4].flatMap(number)
    let body = number(0) + [0, 0] + Array("AAA\0".utf8)
    return header + body + header + body + Array("\n\(footer)\n".utf8)
  }
}
