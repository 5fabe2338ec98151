import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A deadline of an attempt that the one of the request always beats.
struct FirstByteTooLate: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let deadline = draft.server.settings.timeout.request
    for upstream in draft.upstreams {
      guard let first = upstream.settings.timeout.firstByte, first >= deadline else { continue }
      binder.report(
        .firstByteTooLate(
          upstream.settings.name,
          first.text,
          deadline: deadline.text,
          at: upstream.keySpan("timeout", "first_byte") == nil
            ? upstream.nameSpan : upstream.span("timeout", "first_byte")
        )
      )
    }
  }
}

extension Diagnostic {
  static func firstByteTooLate(
    _ upstream: String,
    _ first: String,
    deadline: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .firstByteTooLate,
      .warning,
      "`\(Wording.short(upstream))` may take \(first) to its first byte, but a request ends at"
        + " \(deadline)",
      at: span,
      label: "no try is ever given up for another",
      help: "lower `first_byte` to what leaves time for a second try"
    )
  }
}
