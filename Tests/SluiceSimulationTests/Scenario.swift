import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation

/// A gateway with a real policy, its traffic, and what it promises.
struct Scenario {
  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts
  let gateway: SimulatedGateway

  /// The last second, in nanoseconds from the start, in which faults may happen.
  static let faultsEnd: Int64 = 600_000_000_000
  static let second: Int64 = 1_000_000_000
  /// When bursts come: twice within a minute, then later.
  private static let bursts = [0, 45 * second, 100 * second]

  /// Three generations of one policy, alike but for the names of what routes.
  static let policies: [Policy] = (1...3)
    .map { number in
      Policy.compiled(
        from: """
          sluice: v1
          identity: { keys: keys.jsonl }
          upstreams:
            one: { api: simulated, latency: 10ms, output: 5, seed: 1, breaker: none, retry: none }
            two: { api: simulated, latency: 10ms, output: 5, seed: 2, breaker: none, retry: none }
          models:
            first-g\(number): { upstream: one, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
            second-g\(number): { upstream: two, context: 16k, max_output: 4096, price: { input: $1/M, output: $2/M } }
          tiers:
            free: { models: [second-g\(number)] }
            premium: {}
          targets:
            both-g\(number): [first-g\(number), second-g\(number)]
          routes:
            - name: all-g\(number)
              to: both-g\(number)
          products:
            shared: { cache: { scope: product, ttl: 1h } }
            team: { cache: { scope: tenant, ttl: 1h } }
            own: { cache: { scope: user, ttl: 1h } }
            brief: { cache: { scope: product, ttl: 2m, store_fallbacks: true } }
            fresh: {}
          limits:
            rate: { key: user.id, rate: 6/m, tiers: { premium: 8/m } }
            in-flight: { key: user.id, concurrent: 6 }
          """
      )
    }

  /// Sets traffic up; nothing has run yet.
  init(
    seed: UInt64,
    asks: [Ask]? = nil,
    plan: FaultPlan? = nil,
    faults: PortFaults? = nil,
    drift: ClosedRange<Int64> = 0...0,
    disguise: Disguise = Disguise()
  ) {
    world = SimulatedWorld(seed: seed, loops: 2, drift: drift, keepsLines: Seeds.isReplay)
    history = History(world: world)
    var random = SeededRandom(seed: seed)
    let drawn = FaultPlan.random(&random)
    let asks = asks ?? Self.traffic(&random)
    ports = SimulatedPorts(
      for: asks,
      upstreams: ["one", "two"],
      plan: plan ?? drawn,
      random: &random,
      history: history,
      faults: faults,
      disguise: disguise
    )
    gateway = SimulatedGateway(
      history: history,
      first: ports.generation(1, of: Self.policies[0]),
      faults: faults
    )
    gateway.serve(asks)
  }

  /// Bursts that repeat each other, reloads and invalidations between them, calm at the end.
  static func mixed(
    seed: UInt64,
    drift: ClosedRange<Int64> = 0...0,
    disguise: Disguise = Disguise()
  ) -> Scenario {
    let scenario = Scenario(seed: seed, drift: drift, disguise: disguise)
    let (gateway, ports) = (scenario.gateway, scenario.ports)
    var random = SeededRandom(seed: seed &+ 1)
    for number in 2...3 as ClosedRange<UInt64> {
      gateway.publish(
        ports.generation(number, of: policies[Int(number) - 1]),
        after: bursts[Int(number) - 2] + Int64.random(in: 0...40, using: &random) * 1_000_000
      )
    }
    for _ in 0..<3 {
      let product = random.pick(["shared", "team", "own", "brief"])
      gateway.invalidate(
        random.chance(30) ? .everything : .product(product),
        in: ports.cache,
        after: random.pick(bursts) + Int64.random(in: 0...60, using: &random) * 1_000_000
      )
    }
    if random.chance(30) {
      let hours = Int64.random(in: -48...48, using: &random)
      gateway.at(random.pick(bursts) + 5_000_000) { [world = scenario.world] in
        world.stepWall(byNanoseconds: hours * 3_600 * second)
      }
    }
    gateway.at(faultsEnd) { ports.follow(.quiet) }
    scenario.world.run()
    return scenario
  }

  private static func traffic(_ random: inout SeededRandom) -> [Ask] {
    var traffic = Traffic()
    traffic.loops = 2
    traffic.tiers = ["premium", "free"]
    traffic.products = ["shared", "team", "own", "brief", "fresh"]
    if random.chance(50) { traffic.products = [random.pick(traffic.products)] }
    traffic.questions = Int.random(in: 1...3, using: &random)
    traffic.leavingPercent = random.pick([0, 0, 25])
    traffic.slowPercent = random.pick([0, 25])
    traffic.spread = random.pick([0, 8_000_000, 80_000_000])
    var asks = traffic.burst(of: 24, &random)
    asks += traffic.burst(of: 10, after: bursts[1], &random)
    asks += traffic.burst(of: 10, after: bursts[2], &random)
    asks += traffic.calm(of: 4, after: faultsEnd + 60 * second, &random)
    return asks
  }

  /// What must hold in every run of it.
  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(),
    OneGenerationEach { name in
      name.split(separator: "-g").last.flatMap { UInt64($0) }
    },
    RateHolds(
      limit: "rate",
      window: 60 * second,
      count: { $0.tier == "premium" ? 8 : 6 },
      key: { $0.user }
    ),
    ConcurrencyHolds(node: "limit in-flight", maximum: 6, key: { $0.user }),
    SingleFlight(cache: cache), CachedAnswersAreTheirOwn(cache: cache),
    ReachesOnlyItsTier(isAllowed: { model, tier in
      tier == "premium" || model.hasPrefix("second-")
    }),
    CutStreamsLookCut(), AnswersInTime(nanoseconds: 300 * second),
    ServesAgain(from: faultsEnd + 60 * second),
  ]

  /// What holds besides where an instant is one, that is, without drift.
  static let instantInvariants: [any Invariant] = [LeavingCancels(cache: cache)]

  static let cache = CacheRules(
    key: { exchange in
      let ask = exchange.ask
      let scope: String
      switch ask.product {
      case "shared", "brief": scope = ""
      case "team": scope = ask.tenant
      case "own": scope = "\(ask.tenant)/\(ask.user)"
      default: return nil
      }
      // The primary is part of the key: tier and generation decide it.
      return "\(ask.product) \(scope) \(ask.tier) g\(exchange.generation) \(ask.question)"
    },
    ttl: { $0.product == "brief" ? 120 * second : 3_600 * second },
    keeps: { attempt, leader in
      leader.ask.product == "brief"
        || attempt.model.hasPrefix(leader.ask.tier == "premium" ? "first-" : "second-")
    }
  )
}
