import SluiceCore
import SluiceExpressions
import SluicePolicy

/// An attempt that may hang for ever.
struct NoDeadline: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      let timeout = upstream.settings.timeout
      guard timeout.total == nil, timeout.firstByte == nil || timeout.idle == nil else { continue }
      binder.report(
        .noDeadline(
          upstream.settings.name,
          timeout.firstByte == nil ? "first_byte" : "idle",
          at: upstream.span("timeout")
        )
      )
    }
  }
}

extension Diagnostic {
  static func noDeadline(_ upstream: String, _ key: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .noDeadline,
      .warning,
      "an attempt at `\(Wording.short(upstream))` may hang for ever: neither `\(key)` nor `total` ends it",
      at: span,
      help: "give `total` a value"
    )
  }
}
