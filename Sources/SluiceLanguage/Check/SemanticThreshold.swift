import SluicePolicy

/// A similarity at which questions with other answers count as the same.
struct SemanticThreshold: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let threshold = product.settings.cache?.semantic?.threshold, threshold < 0.9 else {
        continue
      }
      let span = product.span("cache", "semantic", "threshold")
      binder.report(
        .semanticThresholdLow(
          binder.bundle.text(of: span),
          isRefused: threshold < 0.8,
          at: span
        )
      )
    }
  }
}
