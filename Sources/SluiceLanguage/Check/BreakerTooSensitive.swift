import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A breaker that ordinary error rates open.
struct BreakerTooSensitive: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      let span = upstream.span("breaker")
      switch upstream.settings.breaker {
      case .consecutive(1, _, _):
        binder.report(
          .breakerTooSensitive(upstream.settings.name, "one failure opens it", at: span)
        )
      case .ratio(let ratio, let calls, _, _, _):
        if ratio < 0.05 {
          binder.report(
            .breakerTooSensitive(
              upstream.settings.name,
              "\(Ratio.text(ratio)) of failures is an ordinary day",
              at: span
            )
          )
        } else if ratio * Double(calls) <= 1 {
          binder.report(
            .breakerTooSensitive(
              upstream.settings.name,
              "one failure among \(calls) calls opens it",
              at: span
            )
          )
        }
      case .consecutive, nil: break
      }
    }
  }
}

extension Diagnostic {
  static func breakerTooSensitive(
    _ upstream: String,
    _ reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .breakerTooSensitive,
      .warning,
      "the breaker of `\(Wording.short(upstream))` is too sensitive: \(reason)",
      at: span,
      help: "write `consecutive: 5`, or `ratio: 50%` with `min_calls: 20`"
    )
  }
}
