import SluiceCore
import SluicePolicy

/// Semantic caching of which nobody measured how often it is wrong.
///
/// A warning where the policy promises a share; else a note, unless the threshold itself is told.
struct EvidenceMissing: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      let name = product.settings.name
      guard let semantic = product.settings.cache?.semantic,
        binder.sections.evidence.entry(name) == nil
      else { continue }
      if semantic.maxWrong != nil {
        binder.report(
          .evidenceMissing(
            name,
            bar: semantic.bar,
            at: product.span("cache", "semantic", "max_wrong")
          )
        )
      } else if semantic.bar >= 0.9 {
        binder.report(
          .evidenceMissing(name, bar: nil, at: product.span("cache", "semantic", "threshold"))
        )
      }
    }
  }
}

extension Diagnostic {
  /// `bar`: what hits need meanwhile, where a share was promised.
  static func evidenceMissing(_ product: String, bar: Double?, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .evidenceMissing,
      bar == nil ? .note : .warning,
      bar == nil
        ? "nothing tells how often semantic hits of `\(product)` are wrong"
        : "nothing tells which score keeps `\(product)` to this share",
      at: span,
      notes: bar.map { ["until it is measured, a hit needs \($0)"] } ?? [],
      help: "measure it with `sluice calibrate`, and put the file of evidence into the bundle"
    )
  }
}
