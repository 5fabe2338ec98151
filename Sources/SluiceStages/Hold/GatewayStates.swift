package import SluiceCore
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy

/// What expressions read of the gateway's state: breakers, and what is left of budgets.
package struct GatewayStates: StateReads {
  private let breakers: BreakerTable
  private let ledger: any Ledger
  private let budgets: [String: (terms: BudgetTerms, key: Program?)]

  package init(_ policy: Policy, breakers: BreakerTable, ledger: any Ledger) {
    self.breakers = breakers
    self.ledger = ledger
    budgets = Dictionary(
      policy.budgets.map { ($0.name, (BudgetTerms($0), $0.key?.checked.program())) },
      uniquingKeysWith: { $1 }
    )
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
    guard let (terms, key) = budgets[budget] else { throw .unavailable("budget") }
    let limit = terms.limit(ofTier: tier)
    // Every request begins with all of it.
    guard !terms.isPerRequest else { return limit }
    let account = terms.account(of: try key?.evaluateString(&frame).asKey ?? "")
    return ledger.balance(of: account, in: terms.period(at: moment)).remaining(of: limit)
  }
}
