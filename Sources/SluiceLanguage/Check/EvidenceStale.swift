import SluiceCore
import SluicePolicy

/// Evidence of another encoder or rule, which says nothing; and evidence that is old.
struct EvidenceStale: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for evidence in draft.evidence {
      let name = evidence.settings.product
      guard
        let semantic = draft.products.first(where: { $0.settings.name == name })?
          .settings.cache?
          .semantic
      else { continue }
      switch binder.objection(to: evidence.settings, for: semantic) {
      case .otherRule:
        binder.report(
          .evidenceStale(
            "of rule \(evidence.settings.rule), and rule \(SemanticEvidence.rule) decides",
            name,
            countsStill: false,
            at: evidence.span("rule")
          )
        )
        continue
      case .otherEncoder:
        binder.report(
          .evidenceStale(
            "of another encoder than the one that is here",
            name,
            countsStill: false,
            at: evidence.span("encoder")
          )
        )
        continue
      case nil: break
      }
      guard let today = binder.surroundings.today else { continue }
      let age = today.daysSince1970 - evidence.settings.measured.daysSince1970
      // The day may have begun elsewhere already.
      guard age > Bounds.evidenceDays || age < -1 else { continue }
      binder.report(
        .evidenceStale(
          age < 0 ? "of a day to come" : "\(age) days old",
          name,
          countsStill: true,
          at: evidence.span("measured")
        )
      )
    }
  }
}

extension Diagnostic {
  /// `reason`: what it is.
  static func evidenceStale(
    _ reason: String,
    _ product: String,
    countsStill: Bool,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .evidenceStale,
      .warning,
      "the evidence for `\(product)` is \(reason)",
      at: span,
      notes: [
        countsStill
          ? "it counts still, but questions change: after \(Bounds.evidenceDays) days it should be"
            + " measured again"
          : "other scores decided then, so it counts as none"
      ],
      help: "measure again with `sluice calibrate`"
    )
  }
}
