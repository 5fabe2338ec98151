import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Testing

@Suite("Hold nodes")
struct HoldStageTests {
  /// What stands behind the node: says what was held.
  private struct Then: Stage {
    let exits = ["done"]
    func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex { ExitIndex(0) }
  }

  private struct Thrown: SpendingStop {
    var action: KillSwitchSettings.Action
    func verdict(
      for exchange: Exchange,
      model: ModelIndex,
      at moment: Moment
    ) -> KillSwitchSettings.Action? { action }
    func series(for exchange: Exchange, model: ModelIndex) -> [Account] { [] }
    func settled(_ series: [Account], of exchange: Exchange, at moment: Moment) {}
  }

  /// A body of 60 bytes; a dollar a token either way, so that amounts can be read.
  private static let body = #"{"model":"auto","messages":[{"role":"user","content":"Hi"}]}"#
  private static let dollar = NanoDollars.perDollar

  private let ledger = JournaledLedger.unused()
  private let metrics = MetricsRegistry()

  private static let model = ModelSettings(
    name: "small",
    upstream: "main",
    upstreamName: "small",
    context: 1_000,
    maxOutput: 100,
    prices: [
      .init(
        .init(
          .init(
            input: TokenPrice(nanoDollarsPerMillion: 1_000_000 * dollar),
            output: TokenPrice(nanoDollarsPerMillion: 1_000_000 * dollar)
          )
        )
      )
    ]
  )

  private static func budget(
    _ name: String = "day",
    _ window: BudgetSettings.Window = .day,
    _ limit: NanoDollars,
    _ reliefs: [BudgetSettings.Relief] = [],
    minimumOutput: Int = 16
  ) -> BudgetSettings {
    BudgetSettings(
      name: name,
      window: window,
      limit: limit,
      onExceed: reliefs,
      minimumOutput: minimumOutput
    )
  }

  private static func dollars(_ count: Int64) -> NanoDollars { NanoDollars(count * dollar) }

  private func ask(
    _ budgets: [BudgetSettings],
    body: String = HoldStageTests.body,
    hasLookup: Bool = true,
    reroutes: [HoldStage.Reroute] = [],
    stop: any SpendingStop = NothingStops()
  ) async throws -> Exchange {
    var fixture = Fixture()
    fixture.policy = Policy(models: [Self.model], budgets: budgets)
    let stage = HoldStage(
      model: ModelIndex(0),
      settings: Self.model,
      rules: HoldRules(
        fixture.policy,
        ledger: ledger,
        stop: stop,
        watch: BudgetWatch(),
        metrics: metrics
      ),
      access: ModelAccess(fixture.policy),
      meter: UsageMeter(),
      reroutes: reroutes,
      hasLookup: hasLookup
    )
    var builder = GraphBuilder()
    builder.add(
      .hold,
      "hold",
      place: .builtIn,
      waiting: stage,
      exits: Dictionary(uniqueKeysWithValues: stage.exits.map { ($0, String?.none) })
    )
    builder.enter(.chat, at: "hold")
    let exchange = fixture.exchange(builder.build { _, _ in Counter() }, body: body)
    exchange.facts.asked = try ModelRequest(Array(body.utf8))
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  @Test("holds the bytes of the input and the longest answer, to the nano-dollar")
  func exact() async throws {
    let need = Self.dollars(160)
    let held = try await ask([Self.budget("day", .day, need)])
    #expect(Fixture.exit(held) == "held")
    #expect(held.hold?.amount == need)
    #expect(held.hold?.clamp == 100)
    // The exchange ended without an attempt: nobody knows, so all of it is spent.
    let refused = try await ask([Self.budget("day", .day, need)])
    #expect(Fixture.exit(refused) == "refused")
    let other = try await ask([Self.budget("other", .day, need - NanoDollars(1))])
    #expect(Fixture.exit(other) == "refused")
    guard case .insufficientQuota(let reason) = other.refusal else {
      Issue.record("\(String(describing: other.refusal))")
      return
    }
    #expect(reason.contains("`other`"))
    #expect(reason.contains("renews at"))
  }

  @Test("counts every answer that is asked for, at the client's own bound where that is lower")
  func answers() async throws {
    for (fields, output) in [
      (#","n":3"#, 300), (#","max_tokens":10"#, 10), (#","max_tokens":900"#, 100),
      (#","max_completion_tokens":7,"n":2"#, 14),
    ] {
      let body = Self.body.dropLast() + fields + "}"
      let exchange = try await ask([Self.budget("day", .day, .init(.max / 4))], body: String(body))
      #expect(exchange.hold?.output == output)
      #expect(exchange.hold?.amount == Self.dollars(Int64(body.utf8.count + output)))
    }
  }

  @Test("clamps to the most that fits every budget, but not below what is worth having")
  func clamps() async throws {
    let wide = try await ask([
      Self.budget("answer", .request, Self.dollars(120), [.clamp]),
      Self.budget("day", .day, Self.dollars(90)),
    ])
    #expect(Fixture.exit(wide) == "clamped")
    #expect(wide.hold?.clamp == 30)
    #expect(wide.hold?.amount == Self.dollars(90))
    let narrow = try await ask([Self.budget("narrow", .day, Self.dollars(75), [.clamp])])
    #expect(Fixture.exit(narrow) == "refused")
    let least = try await ask([Self.budget("least", .day, Self.dollars(76), [.clamp])])
    #expect(least.hold?.clamp == 16)
  }

  @Test("goes through the list of the first budget that does not fit, in its order")
  func order() async throws {
    let spare = HoldStage.Reroute(target: TargetIndex(3), name: "spare")
    let reliefs: [BudgetSettings.Relief] = [.clamp, .reroute(spare.target), .cacheOnly]
    let small = Self.budget("small", .day, Self.dollars(1), reliefs)
    let smaller = Self.budget("smaller", .day, Self.dollars(0), [])
    let there = try await ask([small, smaller], reroutes: [spare])
    #expect(Fixture.exit(there) == "to_spare")
    // Behind a re-route there is no other one.
    let behind = try await ask([small, smaller])
    #expect(Fixture.exit(behind) == "cache_only")
    let bare = try await ask([small, smaller], hasLookup: false)
    #expect(Fixture.exit(bare) == "refused")
    let denied = try await ask([smaller, small], reroutes: [spare])
    #expect(Fixture.exit(denied) == "refused")
    #expect(there.shortage != nil && there.hold == nil)
    let stopped = Self.budget("stops", .day, .zero, [.deny, .cacheOnly])
    #expect(Fixture.exit(try await ask([stopped])) == "refused")
  }

  @Test("an input that is too dear for any answer is the request's own fault")
  func overBudget() async throws {
    let over = try await ask([Self.budget("answer", .request, Self.dollars(59), [.clamp])])
    #expect(over.refusal == .requestOverBudget(budget: "answer", limit: "59.00"))
    let under = try await ask([Self.budget("answer", .request, Self.dollars(60), [.clamp])])
    #expect(under.refusal?.code == "insufficient_quota")
  }

  @Test("a thrown switch stops what it says, and nothing is held")
  func stopped() async throws {
    let budget = Self.budget("day", .day, Self.dollars(1_000))
    let denied = try await ask([budget], stop: Thrown(action: .deny))
    #expect(Fixture.exit(denied) == "refused")
    #expect(denied.refusal?.code == "insufficient_quota")
    let kept = try await ask([budget], stop: Thrown(action: .cacheOnly))
    #expect(Fixture.exit(kept) == "cache_only")
    #expect(ledger.usage.openHolds == 0)
  }

  @Test("a clamp is written where it has to be, and nowhere else")
  func body() throws {
    let cases: [(sent: String, service: ModelSettings.Service, written: String)] = [
      (#"{"model":"m","messages":[{}]}"#, .chat, #"{"model":"m","messages":[{}],"out":50}"#),
      (
        #"{"model":"m","max_tokens":40,"messages":[{}]}"#, .chat,
        #"{"model":"m","max_tokens":40,"messages":[{}]}"#
      ),
      (
        #"{"model":"m","max_tokens":60,"messages":[{}]}"#, .chat,
        #"{"model":"m","max_tokens":50,"messages":[{}]}"#
      ),
      (
        #"{"model":"m","max_completion_tokens":60,"max_tokens":70,"messages":[{}]}"#, .chat,
        #"{"model":"m","max_completion_tokens":50,"max_tokens":50,"messages":[{}]}"#
      ),
      (
        #"{"model":"m","prompt":"x","max_tokens":null}"#, .completions,
        #"{"model":"m","prompt":"x","max_tokens":50}"#
      ),
    ]
    for (sent, service, written) in cases {
      let asked = try ModelRequest(Array(sent.utf8), for: service)
      let body = asked.upstreamBody(model: "m", clamp: 50, outputField: "out")
      #expect(String(decoding: body, as: UTF8.self) == written)
    }
  }
}
