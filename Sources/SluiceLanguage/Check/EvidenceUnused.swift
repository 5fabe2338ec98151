import SluicePolicy

/// Evidence for a product that has no semantic caching.
struct EvidenceUnused: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for evidence in draft.evidence {
      let name = evidence.settings.product
      guard let product = draft.products.first(where: { $0.settings.name == name }),
        product.keySpan("cache", "semantic") == nil
      else { continue }
      binder.report(.evidenceUnused(name, at: evidence.nameSpan, productAt: product.nameSpan))
    }
  }
}

extension Diagnostic {
  static func evidenceUnused(
    _ product: String,
    at span: SourceSpan,
    productAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .evidenceUnused,
      .warning,
      "product `\(product)` has evidence, and no semantic caching",
      at: span,
      seconds: [Label("declared here", at: productAt)],
      help: "write `semantic: { max_wrong: 1% }` under its `cache`, or remove the evidence"
    )
  }
}
