import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStages
import Testing

/// Questions whose meaning an upstream says: its calls are attempts, on the exchange's budgets.
@Suite("Meanings from an upstream")
struct UpstreamEmbeddingTests {
  private static let second: Int64 = 1_000_000_000

  private static func policy(
    limit: String = "$1000",
    price: String = "$1/M",
    switches: String = "",
    breaker: String = "none"
  ) -> Policy {
    Policy.compiled(
      from: """
        sluice: v1
        identity: { keys: keys.jsonl }
        server: { expose: [cache, cost] }
        upstreams:
          one: { api: simulated, breaker: none, retry: none }
          two: { api: simulated, breaker: \(breaker), retry: none }
        models:
          first: { upstream: one, context: 16k, max_output: 40, price: { input: $1/M, output: $2/M } }
          vectors: { upstream: two, context: 8k, max_output: 1, serves: [embeddings], price: { input: \(price), output: $0/M } }
        targets:
          only: [first]
        routes:
          - { name: all, to: only }
        products:
          shared: { cache: { scope: product, ttl: 1h, semantic: { threshold: 0.95, embedder: vectors } } }
          team: { cache: { scope: tenant, ttl: 1h, semantic: { threshold: 0.95, embedder: vectors } } }
        budgets:
          day: { per: day, limit: \(limit) }
        \(switches)
        """
    )
  }

  private static let questions = [
    ["please open the lower gate", "open the lower gate please", "the lower gate please open"],
    ["who closes this valley dam", "this valley dam who closes"],
    ["how deep is lake number 7", "lake number 7 how deep is"],
    ["how deep is lake number 8", "lake number 8 how deep is"],
  ]

  private static func ask(_ question: String, at second: Int64) -> Ask {
    Ask(after: second * Self.second, product: "shared", question: question)
  }

  /// The same question in other words, a few seconds later.
  private static let pair = [ask(questions[0][0], at: 0), ask(questions[0][1], at: 5)]

  private func run(
    _ policy: Policy,
    _ asks: [Ask],
    vectors: FaultPlan = .quiet,
    seed: UInt64 = 7,
    before: (SimulatedPorts, SimulatedWorld) -> Void = { _, _ in }
  ) -> (run: Run, history: History, ports: SimulatedPorts) {
    let world = SimulatedWorld(seed: seed, loops: 2, drift: 0...0, keepsLines: Seeds.isReplay)
    let history = History(world: world)
    var random = SeededRandom(seed: seed)
    let ports = SimulatedPorts(
      for: asks,
      upstreams: ["one", "two"],
      plan: .quiet,
      random: &random,
      history: history
    )
    ports.upstreams["two"]?.follow(vectors)
    before(ports, world)
    let gateway = SimulatedGateway(history: history, first: ports.generation(1, of: policy))
    gateway.serve(asks)
    world.run()
    return (history.run, history, ports)
  }

  private static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), CutStreamsLookCut(), BudgetsHold(), HoldsSettleOnce(),
  ]

  private func keeps(_ history: History, sourceLocation: SourceLocation = #_sourceLocation) {
    expect(
      history,
      keeps: Self.invariants,
      test: "UpstreamEmbeddingTests",
      sourceLocation: sourceLocation
    )
  }

  @Test("a near question gets the kept answer, and costs what its vector costs")
  func hit() throws {
    let (run, history, _) = run(Self.policy(), Self.pair)
    #expect(run.exchanges.map { $0.received.field("x-sluice-cache") } == ["miss", "semantic"])
    #expect(run.attempts.map(\.model) == ["vectors", "first", "vectors"])
    #expect(run.attempts.map(\.service) == [.embeddings, .chat, .embeddings])
    // 12 tokens are reported for each vector.
    #expect(run.exchanges[1].received.field("x-sluice-cost") == "0.000012")
    let holds = run.holds.filter { $0.claim.attribution.model == "vectors" }
    #expect(holds.count == 2)
    for hold in holds {
      // A token a byte of the call's body, and no output.
      let body = #"{"model":"vectors","input":"\#(Self.questions[0][0])"}"#
      #expect(hold.claim.amount == NanoDollars(Int64(body.utf8.count) * 1_000))
      #expect(hold.settlements.map(\.settlement.basis) == [.reported])
      #expect(hold.settlements.first?.settlement.cost == NanoDollars(12_000))
    }
    keeps(history)
  }

  @Test("a call whose use nobody says costs what was held")
  func unknownUse() {
    var plan = FaultPlan()
    plan.listed = [Behaviour(fault: .missingUsage)]
    let (run, history, _) = run(Self.policy(), [Self.pair[0]], vectors: plan)
    let hold = run.holds.first { $0.claim.attribution.model == "vectors" }
    #expect(hold?.settlements.map(\.settlement.basis) == [.held])
    #expect(run.exchanges[0].passed("semantic only:miss"))
    keeps(history)
  }

  @Test("a switch that is on stops the call: with everything, and for the model alone")
  func switches() {
    let (all, _, _) = run(Self.policy(), Self.pair) { ports, world in
      _ = ports.switches.kill(Self.kill(.everything), at: world.now)
    }
    #expect(all.attempts.isEmpty)
    let (one, history, _) = run(Self.policy(), Self.pair) { ports, world in
      _ = ports.switches.kill(Self.kill(KillScope([.model: "vectors"])), at: world.now)
    }
    // It stops no answer.
    #expect(one.attempts.map(\.model) == ["first", "first"])
    #expect(one.exchanges.allSatisfy { $0.passed("semantic only:failed") })
    #expect(one.exchanges.allSatisfy { $0.ending == .replied(status: 200) })
    keeps(history)
  }

  private static func kill(_ scope: KillScope) -> SwitchTable.Kill {
    SwitchTable.Kill(
      scope: scope,
      action: .deny,
      duration: nil,
      cutsRunning: false,
      reason: "a test",
      by: "ann"
    )
  }

  @Test("a model whose breaker is open is not asked, and one that fails opens it")
  func breaker() {
    let (forced, _, _) = run(
      Self.policy(breaker: "{ consecutive: 2, recovery: 60s, probes: 1 }"),
      Self.pair
    ) { ports, world in
      ports.breakers.force(
        "vectors",
        BreakerTable.Forcing(to: .open, reason: "a test", by: "ann"),
        at: world.now.monotonic
      )
    }
    #expect(forced.attempts.map(\.model) == ["first", "first"])
    var plan = FaultPlan()
    plan.listed = Array(repeating: Behaviour(fault: .serverError), count: 9)
    let (run, history, ports) = run(
      Self.policy(breaker: "{ consecutive: 2, recovery: 60s, probes: 1 }"),
      Self.questions.enumerated().map { Self.ask($1[0], at: Int64($0)) },
      vectors: plan
    )
    #expect(run.attempts.count { $0.model == "vectors" } == 2)
    #expect(run.exchanges.allSatisfy { $0.ending == .replied(status: 200) })
    #expect(ports.breakers.state(of: "vectors", at: 4 * Self.second) == .open)
    keeps(history)
  }

  @Test("a hold that does not fit is no refusal: the question is a miss and is answered")
  func budgetFull() {
    // A vector could cost a hundred dollars.
    let (run, history, _) = run(Self.policy(limit: "$1", price: "$2000000/M"), Self.pair)
    #expect(run.attempts.map(\.model) == ["first", "first"])
    #expect(run.exchanges.allSatisfy { $0.passed("semantic only:failed") })
    #expect(run.exchanges.allSatisfy { $0.ending == .replied(status: 200) })
    keeps(history)
  }

  @Test("an exchange waits no longer than the bound, and pays for what may have been done")
  func late() throws {
    var plan = FaultPlan()
    plan.listed = [Behaviour(headDelay: 3 * Self.second)]
    let (run, history, _) = run(Self.policy(), [Self.pair[0]], vectors: plan)
    #expect(run.exchanges[0].passed("semantic only:late"))
    let (call, answer) = (run.attempts[0], run.attempts[1])
    #expect(
      answer.asked.moment.monotonic - call.asked.moment.monotonic
        == Bounds.upstreamEmbeddingMilliseconds * 1_000_000
    )
    let hold = run.holds.first { $0.claim.attribution.model == "vectors" }
    #expect(hold?.settlements.map(\.settlement.basis) == [.held])
    keeps(history)
  }

  @Test(
    "whatever the upstream does, the question is answered as a miss",
    arguments: [
      (Fault.refuseConnection, "failed"), (.resetBeforeHead, "failed"),
      (.cutAfter(pieces: 0), "failed"), (.tooManyRequests(retryAfterSeconds: 1), "busy"),
      (.refuseRequest, "failed"), (.serverError, "failed"), (.refuseKey, "failed"),
      (.redirect, "failed"), (.malformedJSON, "failed"), (.stallBeforeHead, "late"),
      (.stallAfter(pieces: 0), "late"),
    ]
  )
  func faults(fault: Fault, exit: String) {
    var plan = FaultPlan()
    plan.listed = [Behaviour(fault: fault)]
    let (run, history, _) = run(Self.policy(), [Self.pair[0]], vectors: plan)
    #expect(run.exchanges[0].passed("semantic only:\(exit)"), "\(run.exchanges[0].trail)")
    #expect(run.exchanges[0].ending == .replied(status: 200))
    keeps(history)
  }

  @Test("one of equal questions at once pays for the vector")
  func flights() {
    let asks = (0..<6).map { _ in Self.ask(Self.questions[0][0], at: 0) }
    let (run, history, _) = run(Self.policy(), asks)
    #expect(run.attempts.map(\.model) == ["vectors", "first"])
    keeps(history)
  }

  private static let cache: CacheRules = {
    var rules = CacheRules(
      key: { "\($0.ask.product) \($0.ask.product == "team" ? $0.ask.tenant : "")" },
      ttl: { _ in 3_600 * second }
    )
    rules.meaning = { question in
      question.split(separator: " ").sorted().joined(separator: " ")
    }
    return rules
  }()

  @Test(
    "budgets hold, every hold is settled once, and answers are their own, whatever goes wrong",
    arguments: Seeds.some(60)
  )
  func holds(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.products = ["shared", "team"]
    traffic.leavingPercent = random.pick([0, 0, 25])
    traffic.spread = random.pick([0, 80_000_000, 400_000_000])
    var asks: [Ask] = []
    for burst in 0..<4 as Range<Int64> {
      asks += traffic.burst(of: 12, after: burst * 15 * Self.second, &random)
    }
    for place in asks.indices { asks[place].question = random.pick(random.pick(Self.questions)) }
    let plan = FaultPlan.random(&random)
    let (_, history, ports) = run(
      Self.policy(
        limit: random.pick(["$0.0005", "$0.002", "$1000"]),
        switches: random.chance(40)
          ? "kill_switches:\n  runaway: { when: 'spend(\"1m\") > usd(\"0.0008\")', do: deny, for: 10s }"
          : "",
        breaker: random.pick(["none", "{ consecutive: 3, recovery: 10s, probes: 1 }"])
      ),
      asks,
      vectors: plan,
      seed: seed
    )
    expect(
      history,
      keeps: Self.invariants + [CachedAnswersAreTheirOwn(cache: Self.cache)],
      test: "UpstreamEmbeddingTests"
    )
    #expect(ports.flights.isEmpty)
  }
}
