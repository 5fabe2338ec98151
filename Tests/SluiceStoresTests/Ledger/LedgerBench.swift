import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStores
import Synchronization

/// A world whose turns end at once and whose clock a test turns by hand.
final class BenchWorld: World {
  private let time = Mutex(Moment(monotonic: 1_000_000_000, wall: 1_772_366_400_000_000_000))

  var now: Moment { time.withLock { $0 } }
  var second: Int64 { now.wall / 1_000_000_000 }
  func random() -> UInt64 { 4 }
  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    preconditionFailure("a ledger schedules through its host")
  }
  func sleep(untilMonotonic deadline: Int64) async throws {
    preconditionFailure("a ledger does not sleep")
  }
  func startWork(_ work: @escaping @Sendable () async -> Void) { Task { await work() } }
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { action() }
  func pass(seconds: Int64) {
    time.withLock { $0 = $0.advanced(byNanoseconds: seconds * 1_000_000_000) }
  }
}

/// A ledger on a journal in memory, with timers and blocking work that run when the test says so.
final class LedgerBench: Sendable {
  private struct State {
    var timers: [(at: Int64, run: @Sendable () -> Void)] = []
    var work: [@Sendable () -> Void] = []
    var notices: [LedgerNotice] = []
  }
  private let state = Mutex(State())
  let world: BenchWorld
  let medium: MemoryJournal

  init(_ medium: MemoryJournal = MemoryJournal(), world: BenchWorld = BenchWorld()) {
    self.medium = medium
    self.world = world
  }

  var host: LedgerHost {
    LedgerHost(
      later: { [self] delay, action in
        let at = world.now.monotonic + delay
        state.withLock { $0.timers.append((at, action)) }
      },
      work: { [self] action in state.withLock { $0.work.append(action) } },
      now: { [world] in world.now },
      tell: { [self] notice in state.withLock { $0.notices.append(notice) } }
    )
  }

  var notices: [LedgerNotice] { state.withLock { $0.notices } }

  /// Opens the ledger.
  ///
  /// - Throws: what is wrong with the journal.
  func open(archive: (any SpendArchive)? = nil) throws(LedgerDamage) -> JournaledLedger {
    try JournaledLedger(medium, host: host, archive: archive)
  }

  /// Does the blocking work that waits, and what it asks for.
  func work() {
    while true {
      let next = state.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
      guard let next else { return }
      next()
    }
  }

  /// Lets time pass, with timers and work when they are due.
  func pass(seconds: Int64) {
    for _ in 0..<seconds {
      world.pass(seconds: 1)
      let now = world.now.monotonic
      let due = state.withLock { state in
        let due = state.timers.filter { $0.at <= now }
        state.timers.removeAll { $0.at <= now }
        return due
      }
      for timer in due { timer.run() }
      work()
    }
  }
}

extension JournaledLedger {
  /// Holds `amount` on each of `accounts`, and waits for the record.
  ///
  /// - Throws: why it could not be written.
  func held(
    _ amount: Int64,
    on accounts: [Account] = [.user],
    limit: Int64 = .max,
    series: [Account] = [],
    for attribution: Attribution = .ada,
    in world: BenchWorld
  ) async throws -> HoldDecision {
    let claim = Claim(
      amount: NanoDollars(amount),
      charges: accounts.map {
        Charge(account: $0, period: .day(of: world.second), limit: NanoDollars(limit))
      },
      series: series,
      attribution: attribution
    )
    let decision = hold(claim, at: world.now)
    if case .held(let hold) = decision { try await recorded(hold, in: world) }
    return decision
  }

  func balance(_ account: Account = .user, in world: BenchWorld) -> Balance {
    balance(of: account, in: .day(of: world.second))
  }
}

extension HoldDecision {
  /// The hold; traps if nothing is held.
  var hold: HoldID {
    guard case .held(let hold) = self else { preconditionFailure("\(self)") }
    return hold
  }
}

extension Account {
  static let user = Account(owner: "budget.user-day", key: "ada")
  static let company = Account(owner: "budget.company", key: "")
  static let runaway = Account(owner: "switch.runaway", key: "")
}

extension BudgetPeriod {
  static func day(of second: Int64) -> BudgetPeriod {
    let start = second - second % 86_400
    return BudgetPeriod(start: start, end: start + 86_400)
  }
}

extension Balance {
  init(_ spent: Int64, held: Int64 = 0) {
    self.init(spent: NanoDollars(spent), held: NanoDollars(held))
  }
}

extension Attribution {
  static let ada = Attribution(
    tenant: "acme",
    user: "ada",
    tier: "free",
    product: "support",
    tag: "",
    model: "gpt-4"
  )
  static let bob = Attribution(
    tenant: "acme",
    user: "bob",
    tier: "premium",
    product: "support",
    tag: "search",
    model: "gpt-3.5-turbo"
  )
}

extension Settlement {
  static func cost(_ cost: Int64) -> Settlement {
    Settlement(
      .reported,
      cost: NanoDollars(cost),
      usage: Usage(prompt: 12, completion: 5, cached: 3, reasoning: 2)
    )
  }
}
