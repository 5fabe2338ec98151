/// What is wrong with caching (SL03xx).
extension Diagnostic {
  /// An error below 0.80, else a warning.
  package static func semanticThresholdLow(
    _ text: String,
    isRefused: Bool,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .semanticThresholdLow,
      isRefused ? .error : .warning,
      "similarity \(text) is below \(isRefused ? "0.80" : "0.90")",
      at: span,
      notes: ["questions with other answers (`in 2023`, `in 2024`) are often more alike than this"],
      help: isRefused ? "use 0.95, and measure before you lower it" : "use 0.95, or measure first"
    )
  }

  /// An error where the policy is to be served, else a warning: what checks a policy may be another
  /// machine.
  package static func encoderMissing(
    _ reason: String,
    isRefused: Bool,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .encoderMissing,
      isRefused ? .error : .warning,
      "`semantic` needs a sentence encoder, which this machine has not",
      at: span,
      notes: [reason],
      help: "run `scripts/fetch-model`, or leave `semantic` out"
    )
  }

  package static func ttlLongerThanVolatility(
    _ product: String,
    total: String,
    volatility: String,
    at span: SourceSpan,
    volatilityAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .ttlLongerThanVolatility,
      "answers of `\(product)` may be \(total) old, but become wrong after \(volatility)",
      at: span,
      label: "lifetime, staleness included",
      seconds: [Label("how soon an answer may become wrong", at: volatilityAt)],
      help: "let `ttl` plus `stale_if_error`, and plus `stale_while_revalidate`, be at most "
        + "\(volatility), or raise `volatility`"
    )
  }

  package static func cacheScopeUnusable(
    _ product: String,
    scope: String,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .cacheScopeUnusable,
      "`scope: \(scope)` cannot work for `\(product)`: \(reason)",
      at: span,
      help: "choose another scope: user, tenant, product"
    )
  }

  /// `reason`: what cannot be.
  package static func evidenceImpossible(
    _ product: String,
    bar: Double,
    reason: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .evidenceImpossible,
      "no measurement of `\(product)` can give these counts at bar \(bar): \(reason)",
      at: span,
      notes: ["a lower bar accepts all that a higher one does"],
      help: "write the file with `sluice calibrate --output`, and do not edit it"
    )
  }
}
