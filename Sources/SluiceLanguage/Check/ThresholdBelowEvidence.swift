import SluiceCore
import SluicePolicy

/// A threshold below the lowest that evidence supports.
struct ThresholdBelowEvidence: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      guard let threshold = product.settings.cache?.semantic?.threshold,
        let support = binder.support(for: product.settings, in: draft),
        case .supports(let least) = support.reading, threshold < least.bar
      else { continue }
      binder.report(
        .thresholdBelowEvidence(
          threshold,
          least: least,
          counted: support.evidence.settings.points.first { $0.bar <= threshold },
          maxWrong: support.maxWrong,
          isRaised: product.settings.cache?.semantic?.maxWrong != nil,
          at: product.span("cache", "semantic", "threshold"),
          evidenceAt: support.evidence.nameSpan
        )
      )
    }
  }
}

extension Diagnostic {
  /// `counted`: what was counted at the threshold; `isRaised`: hits need the least all the same.
  static func thresholdBelowEvidence(
    _ threshold: Double,
    least: SemanticEvidence.Point,
    counted: SemanticEvidence.Point?,
    maxWrong: Double,
    isRaised: Bool,
    at span: SourceSpan,
    evidenceAt: SourceSpan
  ) -> Diagnostic {
    var notes = counted.map { ["at \($0.bar), \($0.words)"] } ?? []
    if isRaised { notes.append("`max_wrong` is there too, so a hit needs \(least.bar)") }
    return Diagnostic(
      .thresholdBelowEvidence,
      .warning,
      "evidence supports \(WrongShare.text(maxWrong)) wrong from \(least.bar) on, not from \(threshold)",
      at: span,
      seconds: [Label("at \(least.bar), \(least.words)", at: evidenceAt)],
      notes: notes,
      help: "raise `threshold` to \(least.bar), or measure more"
    )
  }
}

extension SemanticEvidence.Point {
  /// `1 of 473 was wrong, which bounds the share at 1%`.
  var words: String {
    "\(wrong) of \(accepted) \(wrong == 1 ? "was" : "were") wrong, which bounds the share at "
      + WrongShare.text(upperBound)
  }
}
