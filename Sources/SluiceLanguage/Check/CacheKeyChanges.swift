import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A cache key that is hardly ever the same twice.
struct CacheKeyChanges: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let key = product.settings.cache?.key?.checked,
        key.slots.contains(PolicyVariable.now.slot)
      else { continue }
      binder.report(.cacheKeyChanges(product.settings.name, at: product.span("cache", "key")))
    }
  }
}

extension Diagnostic {
  static func cacheKeyChanges(_ product: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .cacheKeyChanges,
      .warning,
      "the cache key of `\(Wording.short(product))` moves with the time, so old answers are lost early",
      at: span,
      help: "let `ttl` say how long an answer is kept"
    )
  }
}
