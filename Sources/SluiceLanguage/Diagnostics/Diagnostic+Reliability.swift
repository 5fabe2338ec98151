/// What is wrong with deadlines, retries and breakers (SL05xx).
extension Diagnostic {
  /// `sum`: how the worst case adds up, such as `3 × 30s + 1s + 2s = 93s`.
  package static func retriesExceedDeadline(
    _ upstream: String,
    sum: String,
    deadline: String,
    at span: SourceSpan,
    deadlineAt: SourceSpan?
  ) -> Diagnostic {
    Diagnostic(
      .retriesExceedDeadline,
      "worst case of `\(upstream)` is \(sum), more than the \(deadline) a request may take",
      at: span,
      seconds: deadlineAt.map { [Label("the deadline", at: $0)] } ?? [],
      help: "fewer attempts, or a shorter timeout for each"
    )
  }

  package static func breakerNeverOpens(
    _ upstream: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .breakerNeverOpens,
      "the breaker of `\(upstream)` cannot open: \(reason)",
      at: span,
      help: "ask for fewer failures, or a longer window"
    )
  }
}
