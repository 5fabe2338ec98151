import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStores
import Synchronization

@testable import SluiceSimulation

/// A gateway with budgets that is killed again and again, and goes on from what its journal says.
///
/// All that was in memory is gone at a kill. What was in flight walks on in a dead process: it holds
/// nothing any more and reaches no upstream again, but what was sent is billed.
struct CrashScenario {
  static let second = Scenario.second

  /// Limits by generation; every answer has at most 5 words of the 10 that a hold is for.
  static let limits: [(user: Int64, all: Int64)] = [(300_000, 2_000_000), (200_000, 1_200_000)]

  static let policies: [Policy] = limits.map { limits in
    Policy.compiled(
      from: """
        sluice: v1
        identity: { keys: keys.jsonl }
        server: { timeout: { request: 60s } }
        upstreams:
          one:
            api: simulated
            breaker: none
            retry: { attempts: 2, base: 100ms, jitter: full, budget: 50% }
        models:
          dear: { upstream: one, context: 16k, max_output: 30, price: { input: $0.10/M, output: $3/M } }
          cheap: { upstream: one, context: 16k, max_output: 10, price: { input: $0.10/M, output: $3/M } }
        targets:
          all: [dear, cheap]
          spare: [cheap]
        routes:
          - name: all
            to: all
        budgets:
          user: { per: minute, key: user.id, limit: $\(NanoDollars(limits.user)), on_exceed: [clamp, { to: spare }], min_output: 10 }
          all: { per: hour, limit: $\(NanoDollars(limits.all)) }
        """
    )
  }

  let world: SimulatedWorld
  let history: History
  let kills: Int
  /// Of the process that is left.
  let ports: SimulatedPorts

  /// Bursts over two minutes, with kills and reloads in them; `forgets`: a new process begins with an
  /// empty journal.
  static func mixed(seed: UInt64, forgets: Bool = false) -> CrashScenario {
    var random = SeededRandom(seed: seed)
    var traffic = Traffic()
    traffic.loops = 2
    traffic.leavingPercent = random.pick([0, 20])
    traffic.spread = random.pick([0, 400_000_000, 8 * second])
    var asks: [Ask] = []
    for burst in 0..<8 as Range<Int64> {
      asks += traffic.burst(of: 8, after: burst * 16 * second, &random)
    }
    let plan = FaultPlan.random(&random)
    let world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    let history = History(world: world)
    let house = House(asks: asks, plan: plan, random: random.fork(), history: history)
    house.begin(MemoryJournal())
    let kills = Int.random(in: 1...4, using: &random)
    for _ in 0..<kills {
      let burst = Int64.random(in: 0..<8, using: &random) * 16 * second
      let at = burst + Int64.random(in: 0...80, using: &random) * 1_000_000
      house.gateway?.at(at) { house.kill(forgets: forgets) }
      house.gateway?.stop(after: at)
    }
    house.gateway?.at(Int64.random(in: 10...100, using: &random) * second) { house.reload() }
    house.gateway?.serve(asks)
    world.run()
    guard let ports = house.ports else { preconditionFailure("a process was begun") }
    return CrashScenario(world: world, history: history, kills: kills, ports: ports)
  }

  /// What must hold in every run of it.
  static let invariants: [any Invariant] = [
    EveryExchangeEndsOnce(), BudgetsHold(process: { $0.number >> 32 }), HoldsSettleOnce(),
    BillsHold(window: 60, limit: limits[0].user, by: { $0.user }),
    BillsHold(window: 3_600, limit: limits[0].all, by: { _ in "" }),
  ]

  /// Where the last process has forgotten what was spent, or holds what nobody will settle.
  var forgotten: [String] {
    let second = world.now.wall / Self.second
    let end = Stamp(order: .max, moment: world.now)
    let charges = history.run.holds.flatMap(\.claim.charges)
    return charges.filter { $0.period.end > second }
      .compactMap { charge in
        let wanted = history.run.holds
          .filter { hold in
            hold.claim.charges.contains {
              $0.account == charge.account && $0.period == charge.period
            }
          }
          .reduce(NanoDollars.zero) { $0 + $1.counts(at: end) }
        let found = ports.ledger.balance(of: charge.account, in: charge.period)
        return found.spent >= wanted && found.held == .zero
          ? nil : "\(found) on \(charge), where \(wanted) was spent"
      }
  }
}

/// Where processes come and go.
private final class House: Sendable {
  private struct State {
    var random: SeededRandom
    var ports: SimulatedPorts?
    var gateway: SimulatedGateway?
    var ledger: MortalLedger?
    var generation: UInt64 = 1
    var policy = 0
  }
  private let asks: [Ask]
  private let plan: FaultPlan
  private let history: History
  private let state: Mutex<State>

  init(asks: [Ask], plan: FaultPlan, random: SeededRandom, history: History) {
    self.asks = asks
    self.plan = plan
    self.history = history
    state = Mutex(State(random: random))
  }

  var ports: SimulatedPorts? { state.withLock { $0.ports } }
  var gateway: SimulatedGateway? { state.withLock { $0.gateway } }

  /// A process that goes on from a journal.
  func begin(_ journal: MemoryJournal) {
    state.withLock { state in
      let process = state.generation
      var mortal: MortalLedger?
      var disguise = Disguise()
      disguise.ledger = { ledger in
        let made = MortalLedger(ledger, process: process)
        mortal = made
        return made
      }
      let ports = SimulatedPorts(
        for: asks,
        upstreams: ["one"],
        plan: plan,
        random: &state.random,
        history: history,
        journal: journal,
        disguise: disguise
      )
      state.ports = ports
      state.ledger = mortal
      let generation = ports.generation(
        state.generation,
        of: CrashScenario.policies[state.policy]
      )
      if let gateway = state.gateway {
        gateway.cell.publish(generation)
      } else {
        state.gateway = SimulatedGateway(history: history, first: generation)
      }
    }
  }

  func kill(forgets: Bool) {
    let journal = state.withLock { state in
      state.ledger?.die()
      state.generation += 1
      return state.ports?.journal.afterKill()
    }
    begin(forgets ? MemoryJournal() : journal ?? MemoryJournal())
  }

  func reload() {
    state.withLock { state in
      state.generation += 1
      state.policy = 1
      guard let ports = state.ports else { return }
      state.gateway?.cell
        .publish(
          ports.generation(state.generation, of: CrashScenario.policies[1])
        )
    }
  }
}

/// A ledger whose process may die: then nothing is held any more, and no record is waited for.
///
/// Two processes may give one number to different holds, if the first was not written; here the
/// process is part of the number.
private final class MortalLedger: Ledger {
  private let base: any Ledger
  private let offset: UInt64
  private let isDead = Atomic(false)

  init(_ base: any Ledger, process: UInt64) {
    self.base = base
    offset = process << 32
  }

  func die() { isDead.store(true, ordering: .relaxed) }

  func hold(_ claim: Claim, at moment: Moment) -> HoldDecision {
    guard !isDead.load(ordering: .relaxed) else { return .unavailable }
    let decision = base.hold(claim, at: moment)
    guard case .held(let id) = decision else { return decision }
    return .held(HoldID(id.number + offset))
  }

  func recorded(_ hold: HoldID, in world: any World) async throws(LedgerFailure) {
    try await base.recorded(HoldID(hold.number - offset), in: world)
    if isDead.load(ordering: .relaxed) { throw LedgerFailure(reason: "killed") }
  }

  func settle(_ hold: HoldID, _ settlement: Settlement, at moment: Moment) -> NanoDollars {
    base.settle(HoldID(hold.number - offset), settlement, at: moment)
  }

  func balance(of account: Account, in period: BudgetPeriod) -> Balance {
    base.balance(of: account, in: period)
  }

  func spending(on series: Account, within window: Int64, at moment: Moment) -> NanoDollars {
    base.spending(on: series, within: window, at: moment)
  }

  func record(_ change: SwitchChange, at moment: Moment) { base.record(change, at: moment) }

  var isWritable: Bool { base.isWritable }
}

/// Promise 3 from the other side: what upstreams bill for a period is within the limit.
///
/// It knows nothing of holds: an answer that came whole has 12 tokens in and one for each word.
private struct BillsHold: Invariant {
  let claim: String
  private let window: Int64
  private let limit: Int64
  private let key: @Sendable (Ask) -> String

  init(window: Int64, limit: Int64, by key: @escaping @Sendable (Ask) -> String) {
    claim = "no more than $\(NanoDollars(limit)) is billed in \(window) s"
    self.window = window
    self.limit = limit
    self.key = key
  }

  func violations(in run: Run) -> [String] {
    var bills: [String: Int64] = [:]
    for attempt in run.attempts where attempt.isWhole {
      guard let exchange = attempt.exchange else { continue }
      let period = attempt.asked.moment.wall / (window * 1_000_000_000)
      let cost = Int64(12 * 100 + attempt.behaviour.pieces * 3_000)
      bills["\(key(run.exchanges[exchange].ask)) in \(period)", default: 0] += cost
    }
    return bills.filter { $0.value > limit }.sorted { $0.key < $1.key }
      .map { "$\(NanoDollars($0.value)) for \($0.key)" }
  }
}
