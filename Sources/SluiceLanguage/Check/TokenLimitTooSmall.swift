import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A token limit that one answer of usual length does not fit into.
struct TokenLimitTooSmall: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors,
      let model = draft.primaries.min(by: {
        $0.settings.maxOutput < $1.settings.maxOutput
      })
    else { return }
    for limit in draft.limits {
      var measures = [(Self.most(limit.settings.measure), limit.span("rate"))]
      measures += limit.settings.tiers.sorted { $0.key < $1.key }
        .map { (Self.most($0.value), limit.span("tiers", $0.key)) }
      for (most, span) in measures {
        guard let most, most < model.settings.maxOutput else { continue }
        binder.report(
          .tokenLimitTooSmall(
            limit.settings.name,
            most,
            model: model.settings.name,
            model.settings.maxOutput,
            at: span,
            modelAt: model.span("max_output")
          )
        )
      }
    }
  }

  private static func most(_ measure: LimitSettings.Measure) -> Int? {
    if case .tokens(let rate, let burst) = measure { rate.count + burst } else { nil }
  }
}

extension Diagnostic {
  static func tokenLimitTooSmall(
    _ limit: String,
    _ tokens: Int,
    model: String,
    _ output: Int,
    at span: SourceSpan,
    modelAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .tokenLimitTooSmall,
      .warning,
      "limit `\(Wording.short(limit))` holds \(tokens) tokens, but a request without `max_tokens`"
        + " counts at least \(output)",
      at: span,
      label: "such requests are refused for ever",
      seconds: [Label("an answer of `\(Wording.short(model))` may be so long", at: modelAt)],
      help: "raise the limit, add a `burst`, or lower `max_output`"
    )
  }
}
