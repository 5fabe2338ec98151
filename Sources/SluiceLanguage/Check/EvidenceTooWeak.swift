import SluiceCore
import SluicePolicy

/// Evidence that supports no bar: too few pairs, or too many wrong ones.
struct EvidenceTooWeak: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let support = binder.support(for: product.settings, in: draft) else { continue }
      let reason: String
      switch support.reading {
      case .supports: continue
      case .tooThin(let accepted):
        let needed = (0...2)
          .map { SemanticEvidence.needed(wrong: $0, for: support.maxWrong) }
        reason =
          "it takes \(needed[0]) accepted pairs with none wrong, \(needed[1]) with one,"
          + " \(needed[2]) with two; here are \(accepted)"
      case .exceeded(let point): reason = "at \(point.bar), \(point.words)"
      }
      binder.report(
        .evidenceTooWeak(
          product.settings.name,
          maxWrong: support.maxWrong,
          reason: reason,
          at: support.evidence.nameSpan,
          productAt: product.span("cache", "semantic")
        )
      )
    }
  }
}

extension Diagnostic {
  static func evidenceTooWeak(
    _ product: String,
    maxWrong: Double,
    reason: String,
    at span: SourceSpan,
    productAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .evidenceTooWeak,
      .warning,
      "the evidence for `\(product)` supports \(WrongShare.text(maxWrong)) wrong at no bar",
      at: span,
      seconds: [Label("is to keep to it", at: productAt)],
      notes: [reason],
      help: "label more pairs, or allow a larger `max_wrong`"
    )
  }
}
