import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStages
import Testing

/// Tenants that ask equal and near questions at once, while answers are invalidated.
@Suite("Exchanges that mean the same")
struct SemanticCacheRuns {
  private static let second: Int64 = 1_000_000_000

  private static let policy = Policy.compiled(
    from: """
      sluice: v1
      identity: { keys: keys.jsonl }
      upstreams:
        one: { api: simulated, latency: 10ms, output: 5, seed: 1, breaker: none, retry: none }
      models:
        first: { upstream: one, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
      targets:
        only: [first]
      routes:
        - { name: all, to: only }
      products:
        shared: { cache: { scope: product, ttl: 1h, semantic: { threshold: 0.95 } } }
        team: { cache: { scope: tenant, ttl: 1h, semantic: { threshold: 0.95 } } }
        own: { cache: { scope: user, ttl: 1h, semantic: { threshold: 0.95 } } }
        brief: { cache: { scope: product, ttl: 20s, semantic: { threshold: 0.95 } } }
      budgets:
        day: { per: day, limit: $1000 }
      """
  )

  /// The same with shadows, whose money is short.
  private static let shadowed = Policy.compiled(
    from: """
      sluice: v1
      identity: { keys: keys.jsonl }
      upstreams:
        one: { api: simulated, latency: 10ms, output: 5, seed: 1, breaker: { consecutive: 3, recovery: 5s, probes: 1 }, retry: none }
      models:
        first: { upstream: one, context: 16k, max_output: 60, price: { input: $1/M, output: $2/M } }
      targets:
        only: [first]
      routes:
        - { name: all, to: only }
      products:
        shared: { cache: { scope: product, ttl: 1h, semantic: { threshold: 0.95, shadow: { share: 100%, budget: quality } } } }
        team: { cache: { scope: tenant, ttl: 1h, semantic: { threshold: 0.95, max_wrong: 5%, shadow: 100% } } }
        own: { cache: { scope: user, ttl: 1h, semantic: { threshold: 0.95, shadow: 50% } } }
        brief: { cache: { scope: product, ttl: 20s, semantic: { threshold: 0.95 } } }
      budgets:
        user: { per: minute, key: user.id, limit: $0.002, on_exceed: [clamp, cache_only], min_output: 10 }
        quality: { per: hour, limit: $0.004, on_exceed: [cache_only] }
      """
  )

  /// The same words in another order mean the same here.
  private static let questions = [
    ["please open the lower gate", "open the lower gate please", "the lower gate please open"],
    ["who closes this valley dam", "this valley dam who closes"],
    ["how deep is lake number 7", "lake number 7 how deep is"],
    ["how deep is lake number 8", "lake number 8 how deep is"],
  ]

  private static let cache: CacheRules = {
    var rules = CacheRules(
      key: { exchange in
        let ask = exchange.ask
        let scope =
          switch ask.product {
          case "team": ask.tenant
          case "own": "\(ask.tenant)/\(ask.user)"
          default: ""
          }
        return "\(ask.product) \(scope)"
      },
      ttl: { $0.product == "brief" ? 20 * second : 3_600 * second }
    )
    rules.meaning = { question in
      question.split(separator: " ").sorted().joined(separator: " ")
    }
    return rules
  }()

  private func run(
    seed: UInt64,
    plan: FaultPlan? = nil,
    policy: Policy = Self.policy
  ) -> (Run, SimulatedPorts, History) {
    let world = SimulatedWorld(seed: seed, loops: 2, drift: 0...0, keepsLines: Seeds.isReplay)
    let history = History(world: world)
    var random = SeededRandom(seed: seed)
    let drawn = FaultPlan.random(&random)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.products = ["shared", "team", "own", "brief"]
    if random.chance(60) { traffic.products = [random.pick(traffic.products)] }
    traffic.leavingPercent = random.pick([0, 0, 25])
    traffic.spread = random.pick([0, 80_000_000, 400_000_000])
    var asks: [Ask] = []
    for burst in 0..<4 as Range<Int64> {
      asks += traffic.burst(of: 16, after: burst * 15 * Self.second, &random)
    }
    for place in asks.indices {
      asks[place].question = random.pick(random.pick(Self.questions))
    }
    let ports = SimulatedPorts(
      for: asks,
      upstreams: ["one"],
      plan: plan ?? drawn,
      random: &random,
      history: history
    )
    let gateway = SimulatedGateway(history: history, first: ports.generation(1, of: policy))
    gateway.serve(asks)
    for _ in 0..<3 {
      gateway.invalidate(
        random.chance(30) ? .everything : .product(random.pick(traffic.products)),
        in: ports.cache,
        after: Int64.random(in: 0..<4, using: &random) * 15 * Self.second
          + Int64.random(in: 0...120, using: &random) * 1_000_000
      )
    }
    world.run()
    return (history.run, ports, history)
  }

  @Test("keep to scope, meaning, time and invalidations", arguments: Seeds.some(60))
  func keepToTheirOwn(seed: UInt64) {
    let (_, ports, history) = run(seed: seed)
    expect(
      history,
      keeps: [
        EveryExchangeEndsOnce(), CachedAnswersAreTheirOwn(cache: Self.cache), CutStreamsLookCut(),
      ],
      test: "SemanticCacheRuns"
    )
    #expect(ports.flights.isEmpty)
  }

  @Test("keep every promise while shadows ask too", arguments: Seeds.some(60))
  func shadows(seed: UInt64) {
    let (run, ports, history) = run(seed: seed, policy: Self.shadowed)
    expect(
      history,
      keeps: [
        EveryExchangeEndsOnce(), CachedAnswersAreTheirOwn(cache: Self.cache), CutStreamsLookCut(),
        BudgetsHold(), HoldsSettleOnce(),
      ],
      test: "SemanticCacheRuns"
    )
    #expect(ports.flights.isEmpty)
    #expect(ports.background.count == 0)
    #expect(run.everyBackgroundEnded)
  }

  @Test("shadows meet all that a client meets, pay from their budget, and raise a bar")
  func shadowWays() {
    var seen: Set<String> = []
    var results: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      let (run, ports, _) = run(seed: seed, policy: Self.shadowed)
      for walk in run.background { seen.formUnion(walk.trail) }
      if ports.semantic.memory(of: "team").point?.isTightened == true {
        results.insert("tightened")
      }
      for record in ports.semantic.shadows { results.insert(record.agrees ? "agree" : "differ") }
      let asides = run.holds.filter { hold in
        hold.claim.charges.map(\.account.owner) == ["budget.quality"]
      }
      if !asides.isEmpty { results.insert("quality alone") }
      #expect(asides.allSatisfy { $0.claim.attribution.product == "shared" })
    }
    let wanted: Set = [
      "shadow only:clear", "hold shadow only/first:held", "hold shadow only/first:refused",
      "attempt shadow only/first:answered", "attempt shadow only/first:failed",
      "breaker shadow only/first:open", "store:kept_out",
    ]
    #expect(wanted.subtracting(seen).sorted() == [])
    #expect(
      seen.isDisjoint(with: ["store:stored", "lookup:exact", "hold shadow only/first:clamped"])
    )
    #expect(
      results.isSuperset(of: ["differ", "quality alone", "tightened"]),
      "\(results.sorted())"
    )
  }

  @Test("take every way there is")
  func ways() {
    var seen: Set<String> = []
    for seed in 0..<40 as Range<UInt64> {
      for exchange in run(seed: seed).0.exchanges {
        for step in exchange.trail where step.hasPrefix("semantic ") { seen.insert(step) }
        if exchange.received.field("x-sluice-cache") == "semantic" {
          seen.insert(exchange.passed("semantic only:hit") ? "led" : "followed")
        }
      }
    }
    let wanted: Set = [
      "semantic only:hit", "semantic only:miss", "semantic only:late", "semantic only:gave_up",
      "led", "followed",
    ]
    #expect(wanted.subtracting(seen) == [])
  }
}
