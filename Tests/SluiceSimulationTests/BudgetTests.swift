import SluiceCore
import SluicePipeline
import SluiceSimulation
import SluiceStages
import Testing

@Suite("A gateway with budgets")
struct BudgetTests {
  @Test("spends nothing beyond them, whatever becomes of the answers", arguments: Seeds.some(80))
  func promises(seed: UInt64) {
    let scenario = BudgetScenario.mixed(seed: seed)
    expect(scenario.history, keeps: BudgetScenario.invariants, test: "BudgetTests")
    #expect(scenario.ports.flights.isEmpty)
  }

  @Test("is tried by runs that take every way out of a hold, and settle on every basis")
  func coverage() {
    var steps: Set<String> = []
    var bases: [Settlement.Basis: Int] = [:]
    var cuts = 0
    var takenBack = 0
    for seed in 0..<40 as Range<UInt64> {
      let run = BudgetScenario.mixed(seed: seed).history.run
      for exchange in run.exchanges {
        steps.formUnion(exchange.trail)
        if exchange.ending == .cut(.beyondHold) { cuts += 1 }
      }
      takenBack += run.holds.filter { $0.takenBack != nil }.count
      for hold in run.holds {
        for settlement in hold.settlements { bases[settlement.settlement.basis, default: 0] += 1 }
      }
    }
    let wanted: Set<String> = [
      "hold all/long:held", "hold all/long:clamped", "hold all/long:to_spare",
      "hold all/long:refused", "hold all/short:held",
      "hold all/long try 2:held", "hold to spare/cheap:held", "hold to spare/cheap:cache_only",
      "lookup:stale", "lookup:refused", "attempt to spare/cheap:answered",
    ]
    #expect(wanted.subtracting(steps).sorted() == [])
    #expect(cuts > 10)
    #expect(takenBack > 0)
    for basis in [Settlement.Basis.nothing, .reported, .held] { #expect(bases[basis] ?? 0 > 50) }
  }

  /// What a ledger does wrong.
  enum Fault: CaseIterable, Sendable { case grantsAll, forgetsOpenHolds }

  @Test("that breaks its promise is noticed", arguments: Fault.allCases)
  func noticed(fault: Fault) {
    var disguise = Disguise()
    disguise.ledger = { LeakyLedger($0, fault) }
    let violations = (0..<10 as Range<UInt64>)
      .flatMap { seed in
        BudgetScenario.mixed(seed: seed, disguise: disguise).history.run
          .violations(of: [BudgetsHold()])
      }
    #expect(!violations.isEmpty)
  }
}

/// A ledger with one fault.
private final class LeakyLedger: Ledger {
  private let base: any Ledger
  private let fault: BudgetTests.Fault

  init(_ base: any Ledger, _ fault: BudgetTests.Fault) {
    self.base = base
    self.fault = fault
  }

  func hold(_ claim: Claim, at moment: Moment) -> HoldDecision {
    var claim = claim
    switch fault {
    case .grantsAll:
      for place in claim.charges.indices { claim.charges[place].limit = NanoDollars(.max / 2) }
    case .forgetsOpenHolds:
      // Only what settled counts, as where a check and a debit are two steps.
      for charge in claim.charges {
        let balance = base.balance(of: charge.account, in: charge.period)
        if balance.spent + claim.amount > charge.limit {
          return .short(available: claim.charges.map { _ in .zero })
        }
      }
      for place in claim.charges.indices { claim.charges[place].limit = NanoDollars(.max / 2) }
    }
    return base.hold(claim, at: moment)
  }

  func recorded(_ hold: HoldID, in world: any World) async throws(LedgerFailure) {
    try await base.recorded(hold, in: world)
  }

  func settle(_ hold: HoldID, _ settlement: Settlement, at moment: Moment) -> NanoDollars {
    base.settle(hold, settlement, at: moment)
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
