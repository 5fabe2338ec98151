import SluiceCore
import SluicePipeline
import SluiceStores
import SluiceTestSupport
import Testing

@Suite("The file of keys")
struct KeyFileTests {
  private let now = Moment(monotonic: 0, wall: 1_795_506_600_000_000_000)
  private static let hex = String(repeating: "ab", count: 32)
  private static let other = String(repeating: "cd", count: 32)

  @Test("reads a record, its times in either form")
  func reads() throws {
    let file = KeyFile(
      Array(
        #"""
        {"id":"k1","sha256":"\#(Self.hex)","tenant":"acme","user":"ada","tier":"premium","products":["support","pricing"],"expires":"2026-11-24T07:50:00Z","created":1}

        {"id":"k2","sha256":"\#(Self.other)","expires":1795506600}
        """#
        .utf8
      )
    )
    #expect(file.issues.isEmpty)
    #expect(file.lines.map(\.number) == [1, 3])
    #expect(
      file.activeRecords.first
        == KeyRecord(
          id: "k1",
          digest: try #require(Digest(hex: Self.hex)),
          tenant: "acme",
          user: "ada",
          tier: "premium",
          products: ["support", "pricing"],
          expiresAt: 1_795_506_600
        )
    )
    #expect(file.lines[0].createdAt == 1)
    #expect(file.activeRecords[1].expiresAt == 1_795_506_600)
  }

  @Test(
    "a bad line grants nothing and costs no other line",
    arguments: [
      "nonsense", "[]", "{", #"{"id":"x"}"#, #"{"sha256":"\#(Self.hex)"}"#,
      #"{"id":"","sha256":"\#(Self.hex)"}"#, #"{"id":"x","sha256":"ab"}"#,
      #"{"id":"x","sha256":"\#(Self.hex)","expire":1}"#,
      #"{"id":"x","sha256":"\#(Self.hex)","expires":"soon"}"#,
      #"{"id":"x","sha256":"\#(Self.hex)","products":"all"}"#,
      #"{"id":"x","sha256":"\#(Self.hex)","tier":7}"#,
      #"{"id":"x","id":"y","sha256":"\#(Self.hex)"}"#,
      #"{"id":"good","sha256":"\#(Self.hex)"}"#,
      "{\"id\":\"\u{0}\",\"sha256\":\"\(Self.hex)\"}",
    ]
  )
  func badLine(line: String) {
    let good = #"{"id":"good","sha256":"\#(Self.other)"}"#
    let file = KeyFile(Array("\(good)\n\(line)\r\n".utf8))
    #expect(file.activeRecords.map(\.id) == ["good"])
    #expect(file.issues.map(\.line) == [2])
  }

  @Test(
    "a revocation counts wherever it stands",
    arguments: [
      #""id":"k1","sha256":"\#(Self.hex)""#, #""id":"other","sha256":"\#(Self.hex)""#,
      #""id":"k1","sha256":"\#(Self.other)""#,
    ]
  )
  func revocation(names: String) {
    let file = KeyFile(
      Array(
        """
        {"id":"k1","sha256":"\(Self.hex)"}
        {\(names),"revoked":"whenever"}
        """
        .utf8
      )
    )
    #expect(file.activeRecords.isEmpty)
  }

  @Test("random bytes and cut lines never stop it", arguments: 0..<20)
  func fuzz(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let good = Array(#"{"id":"k1","sha256":"\#(Self.hex)","products":["a"],"revoked":false}"#.utf8)
    for _ in 0..<200 {
      var bytes = good
      for _ in 0..<(1 + random.below(4)) {
        bytes[random.below(bytes.count)] = UInt8(
          truncatingIfNeeded: random.next()
        )
      }
      let file = KeyFile(Array(bytes.prefix(random.below(bytes.count + 1))))
      #expect(file.activeRecords.count <= 1)
    }
  }

  @Test("adds a key that the table then knows, and that the file does not hold")
  func adds() throws {
    let made = try KeyEdits.add(
      .init(tenant: "acme", user: "ada", tier: "premium", products: ["support"], expiresAt: 99),
      to: Array("broken line".utf8),
      at: now
    )
    #expect(made.key.hasPrefix("sk-sluice-"))
    #expect(made.key.utf8.count == 53)
    let text = String(decoding: made.file, as: UTF8.self)
    #expect(text.hasPrefix("broken line\n{\"id\":\"\(made.id)\",\"sha256\":"))
    #expect(!text.contains(made.key))
    let table = KeyTable(KeyFile(made.file))
    let record = try #require(table.record(of: Digest(of: Array(made.key.utf8))))
    #expect(record.id == made.id)
    #expect(record.expiresAt == 99)
    #expect(record.products == ["support"])
    #expect(table.record(of: Digest(of: Array((made.key + " ").utf8))) == nil)
    let second = try KeyEdits.add(.init(tenant: "acme"), to: made.file, at: now)
    #expect(second.key != made.key)
    #expect(KeyFile(second.file).activeRecords.count == 2)
  }

  @Test("a revoked key is refused from the next look-up on")
  func revokes() throws {
    let made = try KeyEdits.add(.init(tenant: "acme"), to: [], at: now)
    let table = KeyTable(KeyFile(made.file))
    let revoked = try KeyEdits.revoke(made.id, in: made.file, at: now)
    table.replace(with: KeyFile(revoked))
    #expect(table.record(of: Digest(of: Array(made.key.utf8))) == nil)
    let line = try #require(KeyFile(revoked).lines.first)
    #expect(line.isRevoked)
    #expect(line.revokedAt == 1_795_506_600)
    #expect(throws: KeyEdits.Refusal.alreadyRevoked(made.id)) {
      try KeyEdits.revoke(made.id, in: revoked, at: now)
    }
    #expect(throws: KeyEdits.Refusal.unknownID("nobody")) {
      try KeyEdits.revoke("nobody", in: revoked, at: now)
    }
  }

  @Test("a rotated key grants the same, the old one until its grace ends")
  func rotates() throws {
    let made = try KeyEdits.add(
      .init(tenant: "acme", products: ["a", "b"], expiresAt: 1_900_000_000),
      to: [],
      at: now
    )
    let rotated = try KeyEdits.rotate(made.id, in: made.file, grace: .seconds(3_600), at: now)
    let records = KeyFile(rotated.file).activeRecords
    #expect(records.map(\.expiresAt) == [1_795_510_200, 1_900_000_000])
    #expect(records.map(\.products) == [["a", "b"], ["a", "b"]])
    #expect(records[1].id == rotated.id)
    let atOnce = try KeyEdits.rotate(made.id, in: made.file, at: now)
    #expect(KeyFile(atOnce.file).activeRecords.map(\.id) == [atOnce.id])
  }

  @Test("refuses values that the reader would refuse")
  func invalidValues() {
    let long = String(repeating: "x", count: 257)
    #expect(throws: KeyEdits.Refusal.invalidValue(long)) {
      try KeyEdits.add(.init(tenant: long), to: [], at: now)
    }
  }
}
