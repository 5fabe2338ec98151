import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A budget that warns when it is spent.
struct WarningTooLate: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for budget in draft.budgets {
      guard let share = budget.settings.warnAt, share >= 1 else { continue }
      binder.report(.warningTooLate(budget.settings.name, at: budget.span("warn_at")))
    }
  }
}

extension Diagnostic {
  static func warningTooLate(_ budget: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .warningTooLate,
      .warning,
      "budget `\(Wording.short(budget))` warns only when it is spent",
      at: span,
      help: "write `warn_at: 80%`"
    )
  }
}
