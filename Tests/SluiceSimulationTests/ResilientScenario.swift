import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation

/// A gateway whose upstreams fail: breakers, retries, fallback and stale answers over the real graph.
struct ResilientScenario {
  static let second = Scenario.second
  /// The last second in which faults may happen.
  static let faultsEnd: Int64 = 200 * second
  /// From here on whoever asks is answered: the longest recovery, and the probes that close it.
  static let recovered = faultsEnd + 60 * second

  static let policy = Policy.compiled(
    from: """
      sluice: v1
      identity: { keys: keys.jsonl }
      server: { timeout: { request: 60s } }
      upstreams:
        one:
          api: simulated
          breaker: { consecutive: 3, recovery: 30s, probes: 1 }
          retry: { attempts: 3, base: 200ms, factor: 2, jitter: full, budget: 20% }
        two:
          api: simulated
          breaker: { ratio: 50%, min_calls: 4, window: 20s, recovery: 20s, probes: 2 }
          retry: { attempts: 2, base: 100ms, jitter: 50ms, budget: 50% }
      models:
        first: { upstream: one, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
        second: { upstream: two, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
        third: { upstream: one, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
      tiers:
        free: { models: [second] }
        premium: {}
      targets:
        all: [first, second, third]
      routes:
        - name: all
          to: all
      products:
        long: { cache: { scope: product, ttl: 10s, stale_if_error: 2m, store_fallbacks: true } }
        own: { cache: { scope: user, ttl: 5s, stale_if_error: 20s, store_fallbacks: true } }
        fresh: {}
      """
  )

  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts
  let gateway: SimulatedGateway

  /// Sets traffic up; nothing has run yet.
  init(seed: UInt64, policy: Policy = Self.policy, asks: [Ask], plan: FaultPlan) {
    world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    history = History(world: world)
    var random = SeededRandom(seed: seed)
    ports = SimulatedPorts(
      for: asks,
      upstreams: policy.upstreams.map(\.name),
      plan: plan,
      random: &random,
      history: history
    )
    gateway = SimulatedGateway(history: history, first: ports.generation(1, of: policy))
    gateway.serve(asks)
  }

  /// Bursts over three minutes of faults that come and go, invalidations, then calm.
  static func mixed(seed: UInt64) -> ResilientScenario {
    var random = SeededRandom(seed: seed)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.tiers = ["premium", "free"]
    traffic.products = ["long", "own", "fresh"]
    traffic.questions = Int.random(in: 1...4, using: &random)
    traffic.leavingPercent = random.pick([0, 0, 20])
    traffic.spread = random.pick([20_000_000, 400_000_000, 2 * second])
    var asks: [Ask] = []
    for burst in 0..<16 as Range<Int64> {
      asks += traffic.burst(of: 5, after: burst * 11 * second, &random)
    }
    asks += traffic.calm(of: 4, after: recovered, &random)
    var plan = FaultPlan.random(&random)
    plan.faultsEnd = .max
    let scenario = ResilientScenario(seed: seed, asks: asks, plan: plan)
    let (gateway, ports) = (scenario.gateway, scenario.ports)
    // Each upstream has its own weather.
    for phase in 1..<5 as Range<Int64> {
      for upstream in ports.upstreams.sorted(by: { $0.key < $1.key }).map(\.value) {
        let next = FaultPlan.random(&random)
        gateway.at(phase * 40 * second) { upstream.follow(next) }
      }
    }
    for _ in 0..<3 {
      let selection: CacheSelection =
        random.chance(30) ? .everything : .product(random.pick(["long", "own"]))
      gateway.invalidate(
        selection,
        in: ports.cache,
        after: Int64.random(in: 0...190, using: &random) * second
      )
    }
    gateway.at(faultsEnd) { ports.follow(.quiet) }
    scenario.world.run()
    return scenario
  }

  static let cache = CacheRules(
    key: { exchange in
      let ask = exchange.ask
      guard ask.product != "fresh" else { return nil }
      let scope = ask.product == "own" ? "\(ask.tenant)/\(ask.user)" : ""
      return "\(ask.product) \(scope) \(ask.tier) \(ask.question)"
    },
    ttl: { $0.product == "long" ? 10 * second : 5 * second },
    stale: { $0.product == "long" ? 120 * second : 20 * second }
  )

  static let breakers: @Sendable (String) -> BreakerPromise? = { model in
    model == "second"
      ? BreakerPromise(tolerance: nil, recovery: 20 * second, probes: 2)
      : BreakerPromise(tolerance: 3, recovery: 30 * second, probes: 1)
  }

  static let retries: @Sendable (String) -> RetryPromise = { upstream in
    upstream == "one"
      ? RetryPromise(attempts: 3, percent: 20, reserve: 10)
      : RetryPromise(attempts: 2, percent: 50, reserve: 10)
  }

  /// What must hold in every run of it.
  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), OpenBreakersHold(promise: breakers), PausesAreKept(),
    RetriesStayInBudget(promise: retries), StaleIsTheLastResort(), TriesEndAtTheFirstByte(),
    CachedAnswersAreTheirOwn(cache: cache), CutStreamsLookCut(),
    AnswersInTime(nanoseconds: 60 * second),
    ReachesOnlyItsTier(isAllowed: { model, tier in tier == "premium" || model == "second" }),
    ServesAgain(from: recovered),
  ]
}
