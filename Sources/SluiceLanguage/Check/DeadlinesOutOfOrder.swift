import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A deadline that the whole of the attempt always beats.
struct DeadlinesOutOfOrder: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for upstream in draft.upstreams {
      let timeout = upstream.settings.timeout
      guard let total = timeout.total else { continue }
      for (key, value) in [("first_byte", timeout.firstByte), ("idle", timeout.idle)] {
        guard let value, value > total else { continue }
        binder.report(
          .deadlinesOutOfOrder(
            key,
            value.text,
            total: total.text,
            at: upstream.keySpan("timeout", key) == nil
              ? upstream.span("timeout", "total") : upstream.span("timeout", key)
          )
        )
      }
    }
  }
}

extension Diagnostic {
  static func deadlinesOutOfOrder(
    _ key: String,
    _ value: String,
    total: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .deadlinesOutOfOrder,
      .warning,
      "`\(key)` of \(value) is never met: the attempt ends at `total`, after \(total)",
      at: span,
      help: "raise `total`, or lower `\(key)`"
    )
  }
}
