import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Two limits that count the same, of which only one ever decides.
struct LimitDominated: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for (place, limit) in draft.limits.enumerated() where limit.settings.tiers.isEmpty {
      for (otherPlace, other) in draft.limits.enumerated() where otherPlace != place {
        guard other.settings.tiers.isEmpty,
          (limit.keySpan("key") == nil) == (limit.settings.key == nil),
          (other.keySpan("key") == nil) == (other.settings.key == nil),
          limit.settings.key?.checked.canonicalText == other.settings.key?.checked.canonicalText,
          let most = LimitNesting.comparable(limit.settings.measure, other.settings.measure),
          most.inner > most.outer || (most.inner == most.outer && otherPlace < place)
        else { continue }
        binder.report(
          .limitDominated(
            limit.settings.name,
            by: other.settings.name,
            at: limit.nameSpan,
            otherAt: other.nameSpan
          )
        )
        break
      }
    }
  }
}

extension Diagnostic {
  static func limitDominated(
    _ limit: String,
    by other: String,
    at span: SourceSpan,
    otherAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .limitDominated,
      .warning,
      "limit `\(Wording.short(limit))` never decides: `\(Wording.short(other))` counts the same and"
        + " allows no more",
      at: span,
      seconds: [Label("the narrower limit", at: otherAt)],
      help: "remove one of them"
    )
  }
}
