import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Testing

@Suite("Limit nodes")
struct LimitStageTests {
  private let fixture = Fixture()
  private let errors = Counter()

  private func caller(_ user: String, tier: String = "") -> Caller {
    Caller(user: user, tier: tier, address: HostAddress(ipv4: 0))
  }

  private func perUser(
    count: Int = 2,
    counters: EmbeddedCounters = EmbeddedCounters()
  ) -> RateLimitStage {
    RateLimitStage(
      LimitSettings(
        name: "per-user",
        key: nil,
        measure: .requests(.init(count: count, per: .seconds(60)), burst: 0),
        tiers: ["premium": .requests(.init(count: 2 * count, per: .seconds(60)), burst: 0)]
      ),
      key: Fixture.program("user.id"),
      counters: counters,
      errors: errors
    )
  }

  private func run(
    _ stage: some Stage,
    _ caller: Caller,
    body: String = "{}"
  ) async -> Exchange {
    let exchange = fixture.exchange(Fixture.graph(stage), body: body, caller: caller)
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  @Test("admits the count of a key, then refuses with every header that clients read")
  func refuses() async {
    let stage = perUser()
    for left in [1, 0] {
      let exchange = await run(stage, caller("ada"))
      #expect(Fixture.exit(exchange) == "admitted")
      #expect(exchange.rate?.decision.remaining == left)
    }
    let refused = await run(stage, caller("ada"))
    #expect(Fixture.exit(refused) == "refused")
    #expect(refused.refusal == .rateLimited(limit: "per-user", retryAfterSeconds: 61))
    #expect(refused.refusal?.status == 429)
    let fields = Dictionary(
      refused.replyFields.pairs.map { ($0.name, $0.value) },
      uniquingKeysWith: { first, _ in first }
    )
    #expect(fields["ratelimit-policy"] == #""per-user";q=2;w=60"#)
    #expect(fields["ratelimit"] == #""per-user";r=0;t=61"#)
    #expect(fields["x-ratelimit-limit-requests"] == "2")
    #expect(fields["x-ratelimit-remaining-requests"] == "0")
    #expect(fields["retry-after-ms"] == "61000")
    #expect(await Fixture.exit(run(stage, caller("bob"))) == "admitted")
  }

  @Test("a tier has its own rate")
  func tiers() async {
    let stage = perUser()
    var admitted = 0
    for _ in 0..<10
    where await Fixture.exit(run(stage, caller("ada", tier: "premium"))) == "admitted" {
      admitted += 1
    }
    #expect(admitted == 4)
  }

  @Test("the client is told of the limit that it will meet first")
  func tightest() async {
    var builder = GraphBuilder()
    builder.add(
      .limit,
      "a",
      place: .builtIn,
      stage: perUser(count: 5),
      exits: ["admitted": "b", "refused": nil]
    )
    builder.add(
      .limit,
      "b",
      place: .builtIn,
      stage: perUser(count: 3),
      exits: ["admitted": "c", "refused": nil]
    )
    builder.add(
      .limit,
      "c",
      place: .builtIn,
      stage: perUser(count: 4),
      exits: ["admitted": nil, "refused": nil]
    )
    builder.enter(.chat, at: "a")
    let exchange = fixture.exchange(builder.build { _, _ in Counter() }, caller: caller("ada"))
    await GraphRunner.run(exchange, service: .chat)
    #expect(exchange.trail.steps.count == 3)
    #expect(exchange.rate?.decision.quota == 3)
  }

  @Test("a key that has no value refuses, is counted, and names the policy's line")
  func keyError() async {
    let stage = RateLimitStage(
      LimitSettings(
        name: "broken",
        key: nil,
        measure: .requests(.init(count: 1, per: .seconds(60)), burst: 0),
        place: SourcePlace(file: "limits.yaml", line: 3, column: 5)
      ),
      key: Fixture.program(#"headers["x-missing"]"#),
      counters: EmbeddedCounters(),
      errors: errors
    )
    let exchange = await run(stage, caller("ada"))
    #expect(exchange.refusal == .policyError(place: "limits.yaml:3:5"))
    #expect(exchange.refusal?.status == 500)
    #expect(errors.value == 1)
  }

  @Test("a table that is full refuses with 503, not at the client's account")
  func tableFull() async {
    let stage = perUser(counters: EmbeddedCounters(keys: 1, shards: 1))
    #expect(await Fixture.exit(run(stage, caller("ada"))) == "admitted")
    let refused = await run(stage, caller("bob"))
    #expect(refused.refusal?.status == 503)
    #expect((refused.refusal?.retryAfterSeconds ?? 0) >= 1)
  }

  @Test("a long key counts by its digest")
  func longKeys() async {
    let stage = perUser(count: 1)
    let long = String(repeating: "x", count: 5_000)
    #expect(await Fixture.exit(run(stage, caller(long + "a"))) == "admitted")
    #expect(await Fixture.exit(run(stage, caller(long + "b"))) == "admitted")
    #expect(await Fixture.exit(run(stage, caller(long + "a"))) == "refused")
  }

  @Test("a place in flight is given back when the exchange ends, and only then")
  func concurrency() async {
    let counters = EmbeddedCounters()
    let stage = ConcurrencyLimitStage(
      LimitSettings(
        name: "in-flight",
        key: nil,
        measure: .concurrent(1),
        tiers: ["premium": .concurrent(2)]
      ),
      key: Fixture.program("user.id"),
      counters: counters,
      errors: errors
    )
    let first = fixture.exchange(Fixture.graph(stage), caller: caller("ada"))
    #expect(stage.decide(first, at: fixture.world.now) == ConcurrencyLimitStage.Exit.admitted.index)
    let second = await run(stage, caller("ada"))
    #expect(second.refusal == .tooManyConcurrent(limit: "in-flight"))
    #expect(second.refusal?.status == 429)
    #expect(await Fixture.exit(run(stage, caller("ada", tier: "premium"))) == "admitted")
    #expect(await Fixture.exit(run(stage, caller("bob"))) == "admitted")
    #expect(counters.keyCount == 1)
    let third = await run(stage, caller("carol"))
    #expect(Fixture.exit(third) == "admitted")
    #expect(counters.keyCount == 1)
  }
}
