package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// One hold that was asked for, and what became of it.
package struct HoldRecord: Sendable {
  package var claim: Claim
  package var decision: HoldDecision
  package var asked: Stamp
  /// When its record was written.
  package var recorded: Stamp?
  /// When the ledger took it back, since its record could not be written.
  package var takenBack: Stamp?
  package var settlements: [(settlement: Settlement, stamp: Stamp)] = []

  /// `nil` if it was not granted.
  package var id: HoldID? {
    if case .held(let id) = decision { id } else { nil }
  }

  /// What it counts for in an account at a time: its amount while it is open, then its cost.
  package func counts(at stamp: Stamp) -> NanoDollars {
    guard id != nil, asked < stamp else { return .zero }
    if let takenBack, takenBack < stamp { return .zero }
    guard let first = settlements.first, first.stamp < stamp else { return claim.amount }
    return switch first.settlement.basis {
    case .nothing: .zero
    case .reported, .counted: first.settlement.cost
    case .held: claim.amount
    }
  }
}

/// A ledger that writes down what stages hold and settle, and what they are told.
///
/// The answer and its place in the history are one step, so that the history has the ledger's order.
package final class RecordedLedger: Ledger {
  private let base: any Ledger
  private let history: History
  private let turn = Mutex(())

  package init(_ base: any Ledger, in history: History) {
    self.base = base
    self.history = history
  }

  package func hold(_ claim: Claim, at moment: Moment) -> HoldDecision {
    turn.withLock { _ in
      let decision = base.hold(claim, at: moment)
      history.hold(claim, decision)
      return decision
    }
  }

  package func recorded(_ hold: HoldID, in world: any World) async throws(LedgerFailure) {
    do throws(LedgerFailure) {
      try await base.recorded(hold, in: world)
    } catch {
      history.takeBack(hold)
      throw error
    }
    history.recorded(hold)
  }

  package func settle(
    _ hold: HoldID,
    _ settlement: Settlement,
    at moment: Moment
  ) -> NanoDollars {
    turn.withLock { _ in
      history.settle(hold, settlement)
      return base.settle(hold, settlement, at: moment)
    }
  }

  package func balance(of account: Account, in period: BudgetPeriod) -> Balance {
    base.balance(of: account, in: period)
  }

  package func spending(
    on series: Account,
    within window: Int64,
    at moment: Moment
  ) -> NanoDollars {
    base.spending(on: series, within: window, at: moment)
  }

  package func record(_ change: SwitchChange, at moment: Moment) {
    base.record(change, at: moment)
  }

  package var isWritable: Bool { base.isWritable }
}
