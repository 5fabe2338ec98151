import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Retries that all come at the same moment.
struct RetriesInStep: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      guard let retry = upstream.settings.retry, retry.attempts > 1,
        case .bounded(let bound) = retry.jitter, bound * 20 < retry.base
      else { continue }
      binder.report(.retriesInStep(upstream.settings.name, at: upstream.span("retry", "jitter")))
    }
  }
}

extension Diagnostic {
  static func retriesInStep(_ upstream: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .retriesInStep,
      .warning,
      "retries at `\(Wording.short(upstream))` come in step: what failed together comes again together",
      at: span,
      help: "write `jitter: full`"
    )
  }
}
