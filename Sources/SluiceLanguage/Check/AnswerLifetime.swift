import SluicePolicy

/// Answers that are kept longer than they stay right.
struct AnswerLifetime: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let volatility = product.settings.volatility, let cache = product.settings.cache else {
        continue
      }
      let total = cache.ttl + (cache.staleIfError ?? .zero)
      guard total > volatility else { continue }
      binder.report(
        .ttlLongerThanVolatility(
          product.settings.name,
          total: total.text,
          volatility: volatility.text,
          at: cache.ttl > volatility
            ? product.span("cache", "ttl") : product.span("cache", "stale_if_error"),
          volatilityAt: product.span("volatility")
        )
      )
    }
  }
}
