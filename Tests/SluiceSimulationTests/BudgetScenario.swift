import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStores

/// A gateway with budgets too small for its traffic, over faults, reloads and a disk that fills.
struct BudgetScenario {
  static let second = Scenario.second
  /// The last second in which faults may happen.
  static let faultsEnd: Int64 = 150 * second

  /// The second and third generation lower and raise what the first allows.
  static let policies: [Policy] = [
    (user: "$0.0004", all: "$0.01"), ("$0.0003", "$0.006"), ("$0.0006", "$0.02"),
  ]
  .map { limits in
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
          long: { upstream: one, context: 16k, max_output: 60, price: { input: $1/M, output: $3/M } }
          short: { upstream: one, context: 16k, max_output: 2, price: { input: $1/M, output: $3/M } }
          cheap: { upstream: one, context: 16k, max_output: 20, price: { input: $0.10/M, output: $0.30/M } }
        tiers:
          free: { models: [short, cheap] }
          premium: {}
        targets:
          all: [long, short]
          spare: [cheap]
        routes:
          - name: all
            to: all
        products:
          shared: { cache: { scope: product, ttl: 20s, stale_if_error: 60s } }
          fresh: {}
        budgets:
          answer: { per: request, limit: $0.0006, on_exceed: [clamp] }
          user: { per: minute, key: user.id, limit: \(limits.user), tiers: { premium: $0.0007 }, on_exceed: [clamp, { to: spare }, cache_only], min_output: 10 }
          model: { per: minute, key: model.name, limit: $0.01 }
          all: { per: hour, limit: \(limits.all), on_exceed: [cache_only] }
        """
    )
  }

  let world: SimulatedWorld
  let history: History
  let ports: SimulatedPorts

  /// Bursts over three minutes, the first two of which have faults.
  static func mixed(seed: UInt64, disguise: Disguise = Disguise()) -> BudgetScenario {
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
      upstreams: policies[0].upstreams.map(\.name),
      plan: plan,
      random: &random,
      history: history,
      disguise: disguise
    )
    let gateway = SimulatedGateway(history: history, first: ports.generation(1, of: policies[0]))
    for (place, policy) in policies.enumerated() where place > 0 {
      gateway.publish(
        ports.generation(UInt64(place + 1), of: policy),
        after: Int64(place) * 40 * second + Int64.random(in: 0...second, using: &random)
      )
    }
    if random.chance(40) {
      let full = Int64.random(in: 0...100, using: &random) * second
      gateway.at(full) { ports.journal.faults.failsAppends = LedgerFailure(reason: "full") }
      gateway.at(full + 20 * second) { ports.journal.faults.failsAppends = nil }
    }
    gateway.serve(asks)
    world.run()
    return BudgetScenario(world: world, history: history, ports: ports)
  }

  /// What must hold in every run of it.
  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), CutStreamsLookCut(),
    AnswersInTime(nanoseconds: 60 * second), BudgetsHold(), HoldsSettleOnce(),
  ]
}
