import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation

/// A gateway that serves what expired a moment ago while it asks anew, within small budgets, over
/// faults, invalidations and reloads.
struct RefreshScenario {
  static let second = Scenario.second
  static let faultsEnd: Int64 = 150 * second

  /// The second generation allows less.
  static let policies: [Policy] = ["$0.002", "$0.0004"]
    .map { limit in
      Policy.compiled(
        from: """
          sluice: v1
          identity: { keys: keys.jsonl }
          server: { timeout: { request: 60s } }
          upstreams:
            one:
              api: simulated
              breaker: { consecutive: 3, recovery: 10s, probes: 1 }
              retry: { attempts: 2, base: 100ms, jitter: full, budget: 50% }
          models:
            first: { upstream: one, context: 16k, max_output: 60, price: { input: $1/M, output: $3/M } }
            second: { upstream: one, context: 16k, max_output: 20, price: { input: $1/M, output: $3/M } }
          targets:
            all: [first, second]
          routes:
            - name: all
              to: all
          products:
            shared: { cache: { scope: product, ttl: 10s, stale_while_revalidate: 20s, store_fallbacks: true } }
            both: { cache: { scope: user, ttl: 5s, stale_while_revalidate: 10s, stale_if_error: 30s, store_fallbacks: true } }
          budgets:
            user: { per: minute, key: user.id, limit: \(limit), on_exceed: [clamp, cache_only], min_output: 10 }
            all: { per: hour, limit: $0.02, on_exceed: [cache_only] }
          """
      )
    }

  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts

  /// The same few questions over three minutes, the first of which have faults.
  static func mixed(seed: UInt64) -> RefreshScenario {
    var random = SeededRandom(seed: seed)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.products = ["shared", "both"]
    traffic.questions = Int.random(in: 1...3, using: &random)
    traffic.leavingPercent = random.pick([0, 0, 20])
    traffic.spread = random.pick([0, 400_000_000, 6 * second])
    var asks: [Ask] = []
    for burst in 0..<20 as Range<Int64> {
      asks += traffic.burst(of: 5, after: burst * 7 * second, &random)
    }
    var plan = FaultPlan.random(&random)
    plan.faultsEnd = random.pick([0, faultsEnd])
    let scenario = RefreshScenario(seed: seed, asks: asks, plan: plan) { gateway, ports in
      if random.chance(50) {
        gateway.publish(ports.generation(2, of: policies[1]), after: 70 * second)
      }
      for _ in 0..<3 {
        let selection: CacheSelection =
          random.chance(30) ? .everything : .product(random.pick(["shared", "both"]))
        gateway.invalidate(
          selection,
          in: ports.cache,
          after: Int64.random(in: 0...1_400, using: &random) * second / 10
        )
      }
    }
    return scenario
  }

  init(
    seed: UInt64,
    asks: [Ask],
    plan: FaultPlan,
    _ prepare: (SimulatedGateway, SimulatedPorts) -> Void = { _, _ in }
  ) {
    world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    history = History(world: world)
    var random = SeededRandom(seed: seed)
    ports = SimulatedPorts(
      for: asks,
      upstreams: Self.policies[0].upstreams.map(\.name),
      plan: plan,
      random: &random,
      history: history
    )
    let gateway = SimulatedGateway(
      history: history,
      first: ports.generation(1, of: Self.policies[0])
    )
    prepare(gateway, ports)
    gateway.serve(asks)
    world.run()
  }

  static let cache = CacheRules(
    key: { exchange in
      let ask = exchange.ask
      let scope = ask.product == "both" ? "\(ask.tenant)/\(ask.user)" : ""
      return "\(ask.product) \(scope) \(ask.question)"
    },
    ttl: { $0.product == "shared" ? 10 * second : 5 * second },
    stale: { $0.product == "shared" ? 20 * second : 30 * second }
  )

  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), CutStreamsLookCut(), AnswersInTime(nanoseconds: 60 * second),
    BudgetsHold(), HoldsSettleOnce(), CachedAnswersAreTheirOwn(cache: cache),
    StaleIsTheLastResort(), TriesEndAtTheFirstByte(), SingleFlight(cache: cache),
    OpenBreakersHold(promise: { _ in
      BreakerPromise(tolerance: 3, recovery: 10 * second, probes: 1)
    }),
  ]
}
