import SluicePolicy

/// Answers that are kept longer than they stay right.
struct AnswerLifetime: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let volatility = product.settings.volatility, let cache = product.settings.cache else {
        continue
      }
      // An answer is stale once, for whichever reason.
      let total = cache.ttl + cache.staleness
      guard total > volatility else { continue }
      binder.report(
        .ttlLongerThanVolatility(
          product.settings.name,
          total: total.text,
          volatility: volatility.text,
          at: cache.ttl > volatility
            ? product.span("cache", "ttl") : product.span("cache", cache.stalest),
          volatilityAt: product.span("volatility")
        )
      )
    }
  }
}

extension ProductSettings.Cache {
  /// The key that lets an answer be oldest.
  fileprivate var stalest: String {
    staleness == staleIfError ? "stale_if_error" : "stale_while_revalidate"
  }
}
