import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import Testing

@Suite("Identity node")
struct IdentityStageTests {
  private let fixture = Fixture()
  private let key: String
  private let table: KeyTable

  init() throws {
    let made = try KeyEdits.add(
      .init(tenant: "acme", user: "ada", products: ["support"]),
      to: [],
      at: Moment(monotonic: 0, wall: 0)
    )
    key = made.key
    table = KeyTable(KeyFile(made.file))
  }

  private func run(
    anonymous: Bool = false,
    _ fields: [(String, String)]
  ) async -> Exchange {
    var settings = IdentitySettings()
    settings.keys = "keys.jsonl"
    settings.anonymous = anonymous ? .init() : nil
    let stage = IdentityStage(settings, tiers: [], keys: table)
    let exchange = fixture.exchange(Fixture.graph(stage), fields: fields)
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  @Test(
    "finds the holder of a key; the scheme's case and spaces do not matter",
    arguments: [
      "Bearer ", "bearer   ", "BEARER ",
    ]
  )
  func known(scheme: String) async {
    let exchange = await run([("Authorization", scheme + key)])
    #expect(Fixture.exit(exchange) == "known")
    #expect(exchange.caller.tenant == "acme")
    #expect(exchange.caller.product == "support")
  }

  @Test("answers every other token with the same plain 401, even if anonymous is allowed")
  func weirdTokens() async {
    let tokens = [
      "Bearer", "Bearer x", "Basic eDp5", "Bearer \(key)x", "Bearer \(key.dropLast())",
      "Bearer \(key.uppercased())", "Bearer \(key) \(key)", "Token \(key)", key,
      "Bearer ' OR '1'='1' --", "Bearer \u{fffd}\u{85}", "Bearer ../../etc/passwd",
      "Bearer " + String(repeating: "x", count: 20_000),
      "Bearer " + String(repeating: "x", count: Bounds.keyBytes + 1),
    ]
    for token in tokens {
      for anonymous in [true, false] {
        let exchange = await run(anonymous: anonymous, [("Authorization", token)])
        #expect(Fixture.exit(exchange) == "refused")
        #expect(exchange.refusal == .invalidKey, "\(token.prefix(40))")
        #expect(exchange.caller.tenant.isEmpty)
      }
    }
    #expect(await run([]).refusal == .missingKey)
    let twice = await run([("Authorization", "Bearer \(key)"), ("Authorization", "Bearer x")])
    #expect(twice.refusal == .invalidKey)
  }

  @Test("keys that share a long beginning, or differ only in case, are different keys")
  func nearKeys() async {
    let last = key.last == "a" ? "b" : "a"
    for near in [String(key.dropLast()) + last, key.lowercased(), key + " "] where near != key {
      let exchange = await run([("Authorization", "Bearer \(near)")])
      // White space around a value is not part of it (RFC 9110 section 5.5).
      #expect(Fixture.exit(exchange) == (near.hasSuffix(" ") ? "known" : "refused"))
    }
  }

  @Test("a refusal and a trail hold no key")
  func noSecret() async {
    var settings = IdentitySettings()
    settings.keys = "keys.jsonl"
    let stage = IdentityStage(settings, tiers: [], keys: KeyTable())
    let exchange = fixture.exchange(
      Fixture.graph(stage),
      fields: [("Authorization", "Bearer \(key)")],
      isTraced: true
    )
    await GraphRunner.run(exchange, service: .chat)
    let said = "\(exchange.refusal?.message ?? "") \(exchange.trail.steps.map { $0.remark ?? "" })"
    #expect(said.contains("no such key"))
    #expect(!said.contains(key))
  }
}
