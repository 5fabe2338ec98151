import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A count for each user name that users of two tenants share.
struct UserKeyAcrossTenants: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors, CacheAcrossTenants.hasTenants(draft) else { return }
    func tell(_ key: SluicePolicy.Expression?, _ what: String, at span: SourceSpan) {
      guard key?.checked.canonicalText == PolicyVariable.userID.name else { return }
      binder.report(.userKeyAcrossTenants(what, at: span))
    }
    for limit in draft.limits {
      tell(limit.settings.key, "limit `\(limit.settings.name)`", at: limit.span("key"))
    }
    for budget in draft.budgets {
      tell(budget.settings.key, "budget `\(budget.settings.name)`", at: budget.span("key"))
    }
  }
}

extension Diagnostic {
  /// `what`: such as `limit \`per-user\``.
  static func userKeyAcrossTenants(_ what: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .userKeyAcrossTenants,
      .warning,
      "\(what) counts users of the same name in two tenants together",
      at: span,
      help: "write `key: tenant + \"/\" + user.id`"
    )
  }
}
