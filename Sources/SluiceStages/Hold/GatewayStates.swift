package import SluiceCore
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy

/// What expressions read of the gateway's state: breakers, and what is left of budgets.
package struct GatewayStates: StateReads {
  private struct Line: Sendable {
    var settings: BudgetSettings
    var account: Account
    var key: Program?
    var calendar: BudgetCalendar
  }

  private let breakers: BreakerTable
  private let ledger: any Ledger
  private let lines: [String: Line]

  package init(_ policy: Policy, breakers: BreakerTable, ledger: any Ledger) {
    self.breakers = breakers
    self.ledger = ledger
    let lines = policy.budgets.map { budget in
      Line(
        settings: budget,
        account: Account(owner: "budget.\(budget.name)", key: ""),
        key: budget.key?.checked.program(),
        calendar: BudgetCalendar(budget.window, zone: TimeZone.named(budget.zone) ?? .utc)
      )
    }
    self.lines = Dictionary(lines.map { ($0.settings.name, $0) }, uniquingKeysWith: { $1 })
  }

  package func breakerState(of model: String, at moment: Moment) -> String {
    breakers.state(of: model, at: moment.monotonic).rawValue
  }

  package func budgetRemaining(
    of budget: String,
    tier: String,
    in frame: inout Frame,
    at moment: Moment
  ) throws(EvaluationError) -> NanoDollars {
    guard let line = lines[budget] else { throw .unavailable("budget") }
    let limit = line.settings.tiers[tier] ?? line.settings.limit
    // Every request begins with all of it.
    guard line.settings.window != .request else { return limit }
    var account = line.account
    if let key = line.key { account.key = try key.evaluateString(&frame).asKey }
    let balance = ledger.balance(of: account, in: line.calendar.period(at: moment.second))
    return max(.zero, limit - balance.spent - balance.held)
  }
}
