import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A retry budget that lets every failure come again.
struct RetryBudgetUnlimited: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      guard let retry = upstream.settings.retry, retry.attempts > 1, retry.budget >= 1 else {
        continue
      }
      binder.report(
        .retryBudgetUnlimited(upstream.settings.name, at: upstream.span("retry", "budget"))
      )
    }
  }
}

extension Diagnostic {
  static func retryBudgetUnlimited(_ upstream: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .retryBudgetUnlimited,
      .warning,
      "retries at `\(Wording.short(upstream))` may double its load while it fails",
      at: span,
      help: "write `budget: 20%`"
    )
  }
}
