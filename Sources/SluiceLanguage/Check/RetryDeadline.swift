import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Retries that the deadline of the request cuts short.
struct RetryDeadline: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let deadline = draft.server.settings.timeout.request
    for upstream in draft.upstreams {
      guard let retry = upstream.settings.retry, retry.attempts > 1,
        let first = upstream.settings.timeout.firstByte, first < deadline,
        let longest = Self.longest(upstream.settings), longest > deadline
      else { continue }
      binder.report(
        .retriesExceedDeadline(
          upstream.settings.name,
          attempts: retry.attempts,
          each: first.text,
          all: longest.text,
          deadline: deadline.text,
          at: upstream.keySpan("retry") == nil ? upstream.nameSpan : upstream.span("retry")
        )
      )
    }
  }

  /// How long all tries of one upstream can take before a reply begins; nil: for ever.
  static func longest(_ upstream: UpstreamSettings) -> Duration? {
    guard let first = upstream.timeout.firstByte ?? upstream.timeout.total else { return nil }
    guard let retry = upstream.retry else { return first }
    var sum = first
    var wait = retry.base
    for _ in 1..<max(retry.attempts, 1) {
      sum += first + min(wait, .seconds(Bounds.backoffSeconds))
      wait = min(wait * retry.factor, .seconds(3_600))
    }
    return sum
  }
}

extension Diagnostic {
  static func retriesExceedDeadline(
    _ upstream: String,
    attempts: Int,
    each: String,
    all: String,
    deadline: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .retriesExceedDeadline,
      .warning,
      "\(attempts) tries of \(each) at `\(Wording.short(upstream))` take up to \(all), more than the"
        + " \(deadline) that a request has",
      at: span,
      notes: ["the last try can be cut before it answers"],
      help: "lower `first_byte` or `attempts`, or raise `server.timeout.request`"
    )
  }
}
