import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A cache that all tenants share, in a policy that tells them apart.
struct CacheAcrossTenants: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors, Self.hasTenants(draft) else { return }
    for product in draft.products {
      guard let cache = product.settings.cache, cache.scope == .product,
        cache.key?.checked.slots.contains(PolicyVariable.tenant.slot) != true
      else { continue }
      binder.report(
        .cacheScopeTooWide(product.settings.name, at: product.span("cache", "scope"))
      )
    }
  }

  /// Whether the policy tells tenants apart anywhere.
  static func hasTenants(_ draft: Draft) -> Bool {
    draft.identity.settings.keys != nil
      && (draft.policy.expressions.contains {
        $0.checked.slots.contains(PolicyVariable.tenant.slot)
      } || draft.products.contains { $0.settings.cache?.scope == .tenant })
  }
}

extension Diagnostic {
  static func cacheScopeTooWide(_ product: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .cacheScopeTooWide,
      .warning,
      "an answer of `\(Wording.short(product))` for one tenant is given to others too",
      at: span,
      help: "write `scope: tenant`, or `scope: user`"
    )
  }
}
