import SluicePolicy

/// A cache for each tenant where nobody has one.
struct TenantScope: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    // Tenants come from key records alone.
    guard draft.identity.settings.keys == nil, draft.identity.keySpan("keys") == nil else { return }
    for product in draft.products where product.settings.cache?.scope == .tenant {
      binder.report(
        .cacheScopeUnusable(
          product.settings.name,
          scope: "tenant",
          reason: "only keys have a tenant, and `identity` takes none",
          at: product.span("cache", "scope")
        )
      )
    }
  }
}
