import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A step of `on_exceed` behind one that ends the list.
struct ReliefNeverTried: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for budget in draft.budgets {
      let reliefs = budget.settings.onExceed
      guard let last = reliefs.firstIndex(where: { $0 == .cacheOnly || $0 == .deny }),
        last + 1 < reliefs.count
      else { continue }
      binder.report(.reliefNeverTried(budget.settings.name, at: budget.span("on_exceed")))
    }
  }
}

extension Diagnostic {
  static func reliefNeverTried(_ budget: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .reliefNeverTried,
      .warning,
      "`on_exceed` of `\(Wording.short(budget))` goes on behind `cache_only` or `deny`, which end it",
      at: span,
      help: "put `clamp` and re-routes first"
    )
  }
}
