import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation

/// A gateway that limits tokens, with answers shorter and longer than what was reserved for them.
struct TokenScenario {
  static let second = Scenario.second
  /// The last second in which faults may happen.
  static let faultsEnd: Int64 = 150 * second

  /// A question has 9 tokens; the upstream counts 12, and one for each of up to five words.
  static let policy = Policy.compiled(
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
        long: { upstream: one, context: 16k, max_output: 60, price: { input: $1/M, output: $2/M } }
        short: { upstream: one, context: 16k, max_output: 2, price: { input: $1/M, output: $2/M } }
      tiers:
        free: { models: [short] }
        premium: {}
      targets:
        all: [long, short]
      routes:
        - name: all
          to: all
      products:
        shared: { cache: { scope: product, ttl: 20s } }
        fresh: {}
      limits:
        tokens: { key: user.id, rate: 70 tokens/m, tiers: { premium: 300 tokens/m } }
        all-tokens: { rate: 500 tokens/m, burst: 200 }
      """
  )

  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts

  /// Bursts over three minutes, the first two of which have faults.
  static func mixed(seed: UInt64, disguise: Disguise = Disguise()) -> TokenScenario {
    var random = SeededRandom(seed: seed)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.tiers = ["premium", "free"]
    traffic.products = random.pick([["shared", "fresh"], ["fresh"]])
    traffic.questions = Int.random(in: 1...6, using: &random)
    traffic.leavingPercent = random.pick([0, 0, 20])
    traffic.spread = random.pick([0, 400_000_000, 8 * second])
    var asks: [Ask] = []
    for burst in 0..<12 as Range<Int64> {
      asks += traffic.burst(of: 8, after: burst * 13 * second, &random)
    }
    var plan = FaultPlan.random(&random)
    plan.faultsEnd = faultsEnd
    let world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    let history = History(world: world)
    let ports = SimulatedPorts(
      for: asks,
      upstreams: policy.upstreams.map(\.name),
      plan: plan,
      random: &random,
      history: history,
      disguise: disguise
    )
    let gateway = SimulatedGateway(history: history, first: ports.generation(1, of: policy))
    gateway.serve(asks)
    world.run()
    return TokenScenario(world: world, history: history, ports: ports)
  }

  /// What must hold in every run of it.
  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), CutStreamsLookCut(), AnswersInTime(nanoseconds: 60 * second),
    TokensHold(limit: "tokens", window: 60 * second, hasBurst: false) { user in
      user.hasSuffix("-0") ? 300 : 70
    },
    TokensHold(limit: "all-tokens", window: 60 * second, hasBurst: true) { _ in 700 },
  ]
}
