import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceSimulation
import SluiceStores
import Synchronization

/// Attempts on a real ledger that is killed in the middle of anything, opened again and goes on.
///
/// No graph: what is tried is the ledger alone, with faults of its disk, changes of the policy and
/// deaths at every call of the journal. `LedgerObserver` says what must hold.
final class LedgerScenario: Sendable {
  /// A wrong that is done on purpose, to see that it is noticed.
  enum Plant: CaseIterable {
    /// Attempts go out before their record is written.
    case dispatchesEarly
    /// Limits are twice what the policy says.
    case raisesLimits
    /// A hold is not given back.
    case leaks
    /// The last bytes that were written are not there when it is opened again.
    case losesItsEnd
  }

  private struct Budget {
    var owner: String
    var isKeyed: Bool
    var calendar: BudgetCalendar
    var limit: NanoDollars
  }

  /// One process.
  private struct Life: Sendable {
    var ledger: JournaledLedger
    var journal: MortalJournal
    var openedAt: MortalJournal.Place
  }

  private struct State {
    var observer = LedgerObserver()
    var random: SeededRandom
    var life: Life
    var lives = 1
    var budgets: [Budget]
    /// What each switch may be found to be.
    var switches: [Account: [SwitchChange?]] = [:]
  }

  private static let second: Int64 = 1_000_000_000

  private let world: SimulatedWorld
  private let plant: Plant?
  private let archive = MemoryArchive()
  private let losesPower: Bool
  private let allows: Bool
  /// Nanoseconds over which it goes.
  private let span: Int64
  private let state: Mutex<State>

  var violations: [String] { state.withLock { $0.observer.violations } }
  var seen: [String: Int] { state.withLock { $0.observer.seen } }
  var trace: Trace { world.trace }

  init(seed: UInt64, plant: Plant? = nil) {
    var random = SeededRandom(seed: seed)
    world = SimulatedWorld(seed: seed, loops: 2, keepsLines: Seeds.isReplay)
    self.plant = plant
    losesPower = random.chance(25)
    allows = random.chance(25)
    span = random.pick([1, 10, 300, 7_200, 200_000]) * Self.second
    let budgets = (0..<3).map { Self.budget($0, &random) }
    let journal = MortalJournal(MemoryJournal(), random: random.fork())
    let life = Self.open(journal, archive, in: world)
    state = Mutex(State(random: random, life: life, budgets: budgets))
    configure(life.ledger)
  }

  private static func budget(_ number: Int, _ random: inout SeededRandom) -> Budget {
    Budget(
      owner: "budget.\(number)",
      isKeyed: number > 0,
      calendar: BudgetCalendar(
        random.pick([.request, .minute, .hour, .day, .week, .month]),
        zone: .utc
      ),
      limit: NanoDollars(Int64.random(in: 50...600, using: &random))
    )
  }

  // MARK: Lives

  private static func open(
    _ journal: MortalJournal,
    _ archive: MemoryArchive,
    in world: SimulatedWorld
  ) -> Life {
    let host = LedgerHost(
      later: { [unowned world] delay, action in
        _ = world.schedule(atMonotonic: world.now.monotonic + delay, action)
      },
      work: { [unowned world] action in world.atEndOfTurn(action) },
      now: { [unowned world] in world.now },
      tell: { [unowned world] notice in world.note("ledger \(notice)") }
    )
    do throws(LedgerDamage) {
      let ledger = try JournaledLedger(
        journal,
        host: host,
        archive: MortalArchive(base: archive, journal: journal)
      )
      return Life(ledger: ledger, journal: journal, openedAt: journal.end)
    } catch {
      preconditionFailure("\(world.replay): \(error)")
    }
  }

  private func configure(_ ledger: JournaledLedger) {
    ledger.configure(
      durability: losesPower ? .power : .process,
      onFailure: allows ? .allow : .deny
    )
  }

  /// What `sluice spend` would print.
  private func reported(_ journal: any JournalMedium) -> NanoDollars {
    do throws(LedgerDamage) {
      let report = try SpendReport(
        by: .model,
        since: 0,
        until: 1 << 40,
        journal: journal,
        archive: archive
      )
      return report.total.cost
    } catch {
      preconditionFailure("\(world.replay): \(error)")
    }
  }

  /// Opens what a dead process left, if it is dead.
  private func reviveIfDead() {
    let now = world.now
    state.withLock { state in
      let dead = state.life.journal
      guard var remains = dead.remains else { return }
      // Let whoever is left of it come to rest.
      dead.base.faults = MemoryJournal.Faults()
      if plant == .losesItsEnd { remains = remains.withoutItsEnd }
      let end = remains.end
      if end.segment == state.life.openedAt.segment || remains.checkpoints[end.segment] != nil {
        probe(remains, &state)
      }
      let journal = MortalJournal(
        remains,
        dyingAt: state.lives < 5 ? Int.random(in: 1...50, using: &state.random) : .max,
        losesPower: losesPower && state.random.chance(50),
        random: state.random.fork()
      )
      let life = Self.open(journal, archive, in: world)
      configure(life.ledger)
      state.observer.judge(
        life.ledger,
        reported: reported(journal.isDead ? journal.base : journal),
        openedOn: end,
        at: now.wall / Self.second,
        forgetsSettlements: losesPower,
        adopts: true
      )
      judgeSwitches(life.ledger, &state)
      state.lives += 1
      state.life = life
      state.observer.note("life")
    }
  }

  /// Opens a copy that is cut off anywhere since the last start.
  private func probe(_ remains: MemoryJournal, _ state: inout State) {
    let end = remains.end
    let first = end.segment == state.life.openedAt.segment ? state.life.openedAt.length : 0
    guard first <= end.length else { return }
    let cut = MortalJournal.Place(
      segment: end.segment,
      length: Int.random(in: first...end.length, using: &state.random)
    )
    let copy = MortalJournal(remains.cut(to: cut), random: state.random.fork())
    let life = Self.open(copy, archive, in: world)
    state.observer.judge(
      life.ledger,
      reported: reported(copy),
      openedOn: cut,
      at: world.now.wall / Self.second,
      forgetsSettlements: losesPower,
      adopts: false
    )
  }

  // MARK: What goes on

  func run() {
    let spenders = 90
    let start = world.now.monotonic
    var random = state.withLock { $0.random.fork() }
    for number in 0..<spenders {
      let at = start + Int64.random(in: 0...span, using: &random)
      let loop = world.loops[number % 2]
      _ = world.schedule(atMonotonic: at) { [self] in loop.start { await self.spend(on: loop) } }
    }
    for _ in 0..<30 { at(start, &random) { $0.reviveIfDead() } }
    for _ in 0..<3 { at(start, &random) { $0.state.withLock { $0.life.journal }.die() } }
    for _ in 0..<6 { at(start, &random) { $0.breakDisk() } }
    for _ in 0..<12 { at(start, &random) { $0.mendDisk() } }
    for _ in 0..<4 { at(start, &random) { $0.changePolicy() } }
    for _ in 0..<5 { at(start, &random) { $0.throwSwitch() } }
    for _ in 0..<3 { at(start, &random) { $0.look() } }
    world.run(untilMonotonic: start + span + 60 * Self.second)
    state.withLock { $0.observer.note("lives \($0.lives)") }
    repeat {
      reviveIfDead()
      mendDisk()
      world.run()
    } while state.withLock { $0.life.journal.isDead }
    finish()
  }

  private func at(
    _ start: Int64,
    _ random: inout SeededRandom,
    _ action: @escaping @Sendable (LedgerScenario) -> Void
  ) {
    let at = start + Int64.random(in: 0...span, using: &random)
    _ = world.schedule(atMonotonic: at) { [self] in action(self) }
  }

  /// One attempt, from its hold to its settlement.
  private func spend(on loop: SimulatedLoop) async {
    let (life, budgets) = state.withLock { ($0.life, $0.budgets) }
    var random = state.withLock { $0.random.fork() }
    var claim = nextClaim(among: budgets, &random)
    guard !life.journal.isDead else { return }
    let amount = claim.amount.count
    let overruns = !losesPower && random.chance(10)
    var served = NanoDollars(Int64.random(in: 0...(overruns ? 2 * amount : amount), using: &random))
    var settlement = Settlement(random.pick([.reported] + Settlement.Basis.allCases))
    switch settlement.basis {
    case .nothing: served = .zero
    case .held: served = min(served, claim.amount)
    case .reported, .counted: settlement.cost = served
    }
    let told = claim
    if plant == .raisesLimits {
      for index in claim.charges.indices { claim.charges[index].limit.count *= 2 }
    }
    let decision = life.ledger.hold(claim, at: loop.now)
    observe(life) { [served] in
      $0.decide(told, decision, served: served, at: loop.now.wall / Self.second)
    }
    guard case .held(let id) = decision else { return }
    if plant == .dispatchesEarly {
      observe(life) { $0.dispatch(id, recorded: MortalJournal.Place(segment: 0, length: 0)) }
    }
    do throws(LedgerFailure) {
      try await life.ledger.recorded(id, in: loop)
    } catch {
      observe(life) { observer in
        observer.note("given back")
        observer.settle(id, at: .zero)
      }
      return
    }
    guard !life.journal.isDead else { return }
    let place = life.ledger.isWritable ? life.journal.end : nil
    observe(life) { $0.dispatch(id, recorded: place) }
    let wait = random.pick([0, 1_000_000, 40_000_000, 400_000_000, 5 * Self.second])
    try? await loop.sleep(
      untilMonotonic: loop.now.monotonic + Int64.random(in: 0...wait, using: &random)
    )
    guard !life.journal.isDead else { return }
    if plant == .leaks, random.chance(5) {
      observe(life) { $0.settle(id, at: served) }
      return
    }
    let excess = life.ledger.settle(id, settlement, at: loop.now)
    let cost = settlement.basis == .held ? claim.amount : served
    observe(life) { [amount = told.amount] observer in
      observer.settle(id, at: cost)
      if excess != max(.zero, cost - amount) { observer.fail("an excess of \(excess)") }
      if excess > .zero { observer.note("overrun") }
    }
  }

  /// Sees what a process does that lives.
  private func observe(_ life: Life, _ change: (inout LedgerObserver) -> Void) {
    // The call itself may have been its last: nobody saw how it ended.
    guard !life.journal.isDead else { return }
    state.withLock { change(&$0.observer) }
  }

  private func nextClaim(among budgets: [Budget], _ random: inout SeededRandom) -> Claim {
    let second = world.now.wall / Self.second
    let user = random.pick(["ann", "bob"])
    let charges = budgets.filter { _ in random.chance(80) }
      .map { budget in
        Charge(
          account: Account(owner: budget.owner, key: budget.isKeyed ? user : ""),
          period: budget.calendar.period(at: second),
          limit: budget.limit
        )
      }
    return Claim(
      amount: NanoDollars(Int64.random(in: 1...80, using: &random)),
      charges: charges,
      series: random.chance(30) ? [Account(owner: "switch.s", key: user)] : [],
      attribution: Attribution(
        tenant: "acme",
        user: user,
        tier: "",
        product: "",
        tag: "",
        model: random.pick(["small", "large"])
      )
    )
  }

  private func breakDisk() {
    let (journal, kind) = state.withLock { state in
      (state.life.journal, Int.random(in: 0..<6, using: &state.random))
    }
    let failure = LedgerFailure(reason: "scripted")
    var faults = MemoryJournal.Faults()
    switch kind {
    case 0: faults.room = 20
    case 1: faults.failsAppends = failure
    case 2:
      faults.room = 7
      faults.failsCuts = failure
    case 3: faults.failsSyncs = failure
    case 4: faults.failsCheckpoints = failure
    default: faults.mostBytesPerAppend = 5
    }
    journal.base.faults = faults
  }

  private func mendDisk() {
    state.withLock { $0.life.journal }.base.faults = MemoryJournal.Faults()
  }

  private func changePolicy() {
    state.withLock { state in
      let number = Int.random(in: 0..<3, using: &state.random)
      let next = Self.budget(number, &state.random)
      state.budgets.removeAll { $0.owner == next.owner }
      if state.random.chance(80) { state.budgets.append(next) }
    }
  }

  private func look() {
    let now = world.now.wall / Self.second
    let life = state.withLock { $0.life }
    observe(life) { $0.compare(with: life.ledger, at: now) }
  }

  /// The end: everything has come to rest, and a clean stop leaves nothing to guess.
  private func finish() {
    let now = world.now.wall / Self.second
    let life = state.withLock { $0.life }
    observe(life) { $0.compare(with: life.ledger, at: now) }
    if life.ledger.usage.openHolds != 0 || life.ledger.usage.held != .zero {
      state.withLock { $0.observer.fail("held at rest: \(life.ledger.usage)") }
    }
    if !life.ledger.isWritable { state.withLock { $0.observer.fail("still not writable") } }
    life.ledger.close()
    guard !life.journal.isDead else { return }
    let copy = MortalJournal(life.journal.base.afterPowerLoss(), random: SeededRandom(seed: 0))
    let again = Self.open(copy, archive, in: world)
    state.withLock { state in
      state.observer.judge(
        again.ledger,
        reported: reported(copy),
        openedOn: copy.end,
        at: now,
        isExact: true,
        forgetsSettlements: losesPower,
        adopts: true
      )
      judgeSwitches(again.ledger, &state)
    }
  }

  // MARK: Switches

  private func throwSwitch() {
    let (life, change) = state.withLock { state in
      let account = Account(owner: "manual", key: state.random.pick(["a", "b"]))
      let action: KillSwitchSettings.Action? = state.random.pick([.deny, .cacheOnly, nil])
      let change = SwitchChange(
        account: account,
        action: action,
        until: nil,
        by: "eve",
        reason: "\(state.lives)"
      )
      return (state.life, change)
    }
    guard !life.journal.isDead else { return }
    life.ledger.record(change, at: world.now)
    let isWritten = life.ledger.isWritable && !life.journal.isDead
    state.withLock { state in
      let now = change.action == nil ? nil : change
      if isWritten {
        state.switches[change.account] = [now]
        state.observer.note("switch")
      } else {
        state.switches[change.account, default: [nil]].append(now)
      }
    }
  }

  private func judgeSwitches(_ ledger: JournaledLedger, _ state: inout State) {
    // Nobody waits until a switch survives a loss of power.
    guard !losesPower else { return }
    let found = ledger.switches(at: world.now)
    for (account, possible) in state.switches {
      let now = found.first { $0.account == account }
      if !possible.contains(now) {
        state.observer.fail("\(account) is \(String(describing: now)), not one of \(possible)")
      }
      state.switches[account] = [now]
    }
  }
}

/// What `spend.sqlite` does, in memory.
private final class MemoryArchive: SpendArchive {
  private let state = Mutex((last: UInt64(0), totals: [SpendKey: SpendTotals]()))

  func lastSegment() throws(LedgerFailure) -> UInt64 { state.withLock { $0.last } }

  func fold(
    _ totals: [SpendKey: SpendTotals],
    segment: UInt64
  ) throws(LedgerFailure) {
    state.withLock { state in
      guard state.last < segment else { return }
      state.last = segment
      for (key, sums) in totals { state.totals[key, default: SpendTotals()] += sums }
    }
  }

  func totals(
    by dimension: SpendDimension,
    from since: Int64,
    until: Int64
  ) throws(LedgerFailure) -> (totals: [String: SpendTotals], lastSegment: UInt64) {
    state.withLock { state in
      var sums: [String: SpendTotals] = [:]
      for (key, totals) in state.totals where (since..<until).contains(key.hour) {
        sums[dimension.value(of: key.attribution), default: SpendTotals()] += totals
      }
      return (sums, state.last)
    }
  }
}

/// An archive that a dead process does not reach any more.
private struct MortalArchive: SpendArchive {
  let base: MemoryArchive
  let journal: MortalJournal

  func lastSegment() throws(LedgerFailure) -> UInt64 { try base.lastSegment() }

  func fold(
    _ totals: [SpendKey: SpendTotals],
    segment: UInt64
  ) throws(LedgerFailure) {
    guard !journal.isDead else { return }
    try base.fold(totals, segment: segment)
  }

  func totals(
    by dimension: SpendDimension,
    from since: Int64,
    until: Int64
  ) throws(LedgerFailure) -> (totals: [String: SpendTotals], lastSegment: UInt64) {
    try base.totals(by: dimension, from: since, until: until)
  }
}

extension MemoryJournal {
  /// The same without the last bytes that were surely written.
  fileprivate var withoutItsEnd: MemoryJournal {
    cut(to: MortalJournal.Place(segment: end.segment, length: max(0, end.length - 150)))
  }
}
