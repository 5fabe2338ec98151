import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A budget for one key that the budget of all never lets anybody use up.
struct BudgetNesting: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let companies = draft.budgets.filter { $0.settings.key == nil && $0.keySpan("key") == nil }
    for budget in draft.budgets where budget.settings.key != nil {
      for company in companies
      where company.settings.window == budget.settings.window
        && budget.settings.window != .request
      {
        var limits = [(budget.settings.limit, budget.span("limit"))]
        limits += budget.settings.tiers.sorted { $0.key < $1.key }
          .map { ($0.value, budget.span("tiers", $0.key)) }
        for (limit, span) in limits where limit > company.settings.limit {
          binder.report(
            .budgetNeverReached(
              budget.settings.name,
              "\(limit)",
              company: company.settings.name,
              "\(company.settings.limit)",
              at: span,
              companyAt: company.span("limit")
            )
          )
        }
      }
    }
  }
}

extension Diagnostic {
  static func budgetNeverReached(
    _ budget: String,
    _ limit: String,
    company: String,
    _ companyLimit: String,
    at span: SourceSpan,
    companyAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .budgetNeverReached,
      .warning,
      "`\(Wording.short(budget))` allows $\(limit) to one, but `\(Wording.short(company))` only"
        + " $\(companyLimit) to all",
      at: span,
      seconds: [Label("the smaller budget", at: companyAt)],
      help: "lower the one, or raise the other"
    )
  }
}
