import SluiceCore
import SluicePipeline
import SluiceSimulation
import SluiceStores

/// What a ledger must say, reckoned by somebody who sees only what it answered and what was written.
///
/// All amounts are intervals: what was open when a process died counts as anything between the truth
/// and the hold, until the next process says which.
struct LedgerObserver {
  /// The money of one account in one period.
  struct Sum: Hashable {
    var account: Account
    var period: BudgetPeriod

    init(_ charge: Charge) {
      account = charge.account
      period = charge.period
    }

    func isOver(at second: Int64) -> Bool { period.end + Bounds.ledgerGraceSeconds <= second }

    func overlaps(_ other: Self) -> Bool {
      account == other.account && period.start < other.period.end
        && other.period.start < period.end
    }
  }

  private struct Hold {
    var claim: Claim
    var order: Int
    /// What the upstream serves for it if it is dispatched.
    var served: NanoDollars
    var isDispatched = false
    /// Up to where the journal says that it is held, at the latest.
    var recorded: MortalJournal.Place?
    var settlement: (cost: NanoDollars, order: Int)?
    var settlementRecorded: MortalJournal.Place?

    func isRecorded(upTo end: MortalJournal.Place) -> Bool {
      recorded.map { $0 <= end } ?? false
    }
  }

  /// More than anything that is spent here.
  private static let unknown: Int64 = 1 << 50

  private var order = 0
  private var holds: [HoldID: Hold] = [:]
  /// What this process has spent and holds.
  private var changes: [Sum: Int64] = [:]
  /// What was spent before this process began, or before the account was opened.
  private var bases: [Sum: ClosedRange<Int64>] = [:]
  /// Accounts of which nobody can know whether they were written before a process died.
  private var doubtful: Set<Sum> = []
  /// Accounts that earlier processes have written for certain.
  private var written: Set<Sum> = []
  /// The same, of all money.
  private var allSpent: ClosedRange<Int64> = 0...0
  private(set) var violations: [String] = []
  /// How often something happened that a run is for.
  private(set) var seen: [String: Int] = [:]

  mutating func note(_ what: String) { seen[what, default: 0] += 1 }

  mutating func fail(_ what: String) { violations.append(what) }

  // MARK: While it lives

  mutating func decide(
    _ claim: Claim,
    _ decision: HoldDecision,
    served: NanoDollars,
    at second: Int64
  ) {
    order += 1
    let sums = claim.charges.map(Sum.init)
    let before = sums.map { balance(of: $0, at: second) }
    switch decision {
    case .held(let id):
      for (charge, spent) in zip(claim.charges, before)
      where spent.lowerBound + claim.amount.count > charge.limit.count {
        fail("\(claim.amount) held on \(charge) beside \(spent)")
      }
      for (sum, spent) in zip(sums, before) where bases[sum] == nil { bases[sum] = spent }
      if holds[id] != nil { fail("\(id) is held twice") }
      holds[id] = Hold(claim: claim, order: order, served: served)
      for sum in sums { changes[sum, default: 0] += claim.amount.count }
    case .short:
      note("short")
      let mayBeShort = zip(claim.charges, before)
        .contains { charge, spent in
          spent.upperBound + claim.amount.count > charge.limit.count
        }
      if !mayBeShort { fail("\(claim.amount) refused beside only \(before)") }
    case .full: fail("full")
    case .unavailable: note("unavailable")
    }
  }

  /// The ledger said that the hold may be dispatched, and it was.
  mutating func dispatch(_ id: HoldID, recorded place: MortalJournal.Place?) {
    guard let hold = holds[id] else { return fail("\(id) is dispatched without a hold") }
    if hold.settlement != nil { fail("\(id) is dispatched after its settlement") }
    holds[id]?.isDispatched = true
    note("dispatched")
    guard let place else { return note("unrecorded") }
    holds[id]?.recorded = place
    // Records have the order of the decisions.
    for (other, one) in holds where one.settlementRecorded == nil {
      guard let settlement = one.settlement, settlement.order < hold.order else { continue }
      holds[other]?.settlementRecorded = place
    }
  }

  mutating func settle(_ id: HoldID, at cost: NanoDollars) {
    order += 1
    if holds[id]?.settlement != nil { fail("\(id) settles twice") }
    holds[id]?.settlement = (cost, order)
    let amount = holds[id]?.claim.amount.count ?? 0
    for charge in holds[id]?.claim.charges ?? [] {
      changes[Sum(charge), default: 0] += cost.count - amount
    }
  }

  /// What is spent and held.
  private func balance(of sum: Sum, at second: Int64) -> ClosedRange<Int64> {
    guard let base = bases[sum] else {
      if doubtful.contains(sum) { return 0...Self.unknown }
      // An account whose period overlaps is where it begins.
      let mayBeMore = doubtful.contains(where: sum.overlaps)
      return bases.keys.filter(sum.overlaps)
        .reduce(0...(mayBeMore ? Self.unknown : 0)) { most, other in
          let one = balance(of: other, at: second)
          let least = other.isOver(at: second) ? 0 : one.lowerBound
          return max(most.lowerBound, least)...max(most.upperBound, one.upperBound)
        }
    }
    let own = changes[sum] ?? 0
    return base.lowerBound + own...base.upperBound + own
  }

  /// Holds what the ledger says about itself against it.
  mutating func compare(with ledger: JournaledLedger, at second: Int64) {
    for sum in bases.keys where !sum.isOver(at: second) {
      let balance = ledger.balance(of: sum.account, in: sum.period)
      let wanted = self.balance(of: sum, at: second)
      if !wanted.contains((balance.spent + balance.held).count) {
        fail("\(balance) on \(sum), not \(wanted)")
      }
    }
    let open = holds.values.filter { $0.settlement == nil }
    let held = open.reduce(NanoDollars.zero) { $0 + $1.claim.amount }
    let usage = ledger.usage
    if usage.openHolds != open.count || usage.held != held {
      fail("\(usage.openHolds) holds of \(usage.held), not \(open.count) of \(held)")
    }
  }

  // MARK: After its end

  /// What must be found in a journal that was cut off at `end`: never less than the truth, and more
  /// only by what was open.
  private func remembered(of holds: [Hold], upTo end: MortalJournal.Place) -> ClosedRange<Int64> {
    var least: Int64 = 0
    var most: Int64 = 0
    for hold in holds {
      let amount = hold.claim.amount.count
      if let settlement = hold.settlement, let place = hold.settlementRecorded, place <= end {
        least += settlement.cost.count
        most += settlement.cost.count
        continue
      }
      if hold.isRecorded(upTo: end) {
        // What an upstream served beyond its clamp is known from its settlement only.
        least += min(hold.served.count, amount)
      }
      most += max(amount, hold.settlement?.cost.count ?? 0)
    }
    return least...most
  }

  /// Judges what a ledger found that was opened on a journal cut off at `end`.
  ///
  /// - Parameters:
  ///   - ledger: what was opened.
  ///   - reported: what `sluice spend` says of all money.
  ///   - end: where the journal ends.
  ///   - second: now, since 1970.
  ///   - isExact: whether the last process had written all, so that nothing is left to guess.
  ///   - forgetsSettlements: whether they may be lost of earlier processes too: after a loss of power.
  ///   - adopts: whether this ledger is the one that goes on.
  mutating func judge(
    _ ledger: JournaledLedger,
    reported: NanoDollars,
    openedOn end: MortalJournal.Place,
    at second: Int64,
    isExact: Bool = false,
    forgetsSettlements: Bool = false,
    adopts: Bool
  ) {
    let usage = ledger.usage
    if usage.openHolds != 0 || usage.held != .zero { fail("open after the start: \(usage)") }
    if ledger.recovery.orphans > 0, !forgetsSettlements { fail("\(ledger.recovery)") }
    if ledger.recovery.openHolds > 0 { note("open at the end") }
    if ledger.recovery.tornBytes > 0 { note("torn") }
    var found: [Sum: ClosedRange<Int64>] = [:]
    for (sum, base) in bases {
      let own = holds.values.filter { $0.claim.charges.contains { Sum($0) == sum } }
      let change = remembered(of: own, upTo: end)
      var wanted = base.lowerBound + change.lowerBound...base.upperBound + change.upperBound
      if forgetsSettlements { wanted = wanted.lowerBound...Self.unknown }
      let isWritten = written.contains(sum) || own.contains { $0.isRecorded(upTo: end) }
      guard isWritten else {
        if adopts { doubtful.insert(sum) }
        continue
      }
      if adopts { written.insert(sum) }
      found[sum] = wanted
      guard !sum.isOver(at: second) else { continue }
      let balance = ledger.balance(of: sum.account, in: sum.period)
      if balance.held != .zero { fail("\(balance) on \(sum) after the start") }
      if !wanted.contains(balance.spent.count) {
        fail("\(balance.spent) found on \(sum), not \(wanted)")
      }
      // What a killed process had written and not synced may be gone after a loss of power.
      let least = forgetsSettlements ? wanted.lowerBound : balance.spent.count
      found[sum] = min(least, balance.spent.count)...balance.spent.count
    }
    let change = remembered(of: Array(holds.values), upTo: end)
    let most =
      forgetsSettlements ? Self.unknown : allSpent.upperBound + change.upperBound
    let wanted = allSpent.lowerBound + change.lowerBound...most
    if !wanted.contains(reported.count) { fail("\(reported) reported, not \(wanted)") }
    if isExact { judgeExactly(ledger, at: second) }
    guard adopts else { return }
    bases = found
    let least = forgetsSettlements ? wanted.lowerBound : reported.count
    allSpent = min(least, reported.count)...reported.count
    holds = [:]
    changes = [:]
  }

  private mutating func judgeExactly(_ ledger: JournaledLedger, at second: Int64) {
    for sum in bases.keys where !sum.isOver(at: second) {
      let spent = ledger.balance(of: sum.account, in: sum.period).spent.count
      let wanted = balance(of: sum, at: second)
      if !wanted.contains(spent) { fail("\(spent) on \(sum) after a clean stop, not \(wanted)") }
    }
  }
}
