/// What is wrong with limits, prices and budgets (SL04xx).
extension Diagnostic {
  package static func limitNeverReached(
    _ name: String,
    _ value: String,
    outer: String,
    outerValue: String,
    at span: SourceSpan,
    outerAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .limitNeverReached,
      .warning,
      "`\(name)` allows \(value) but `\(outer)` only \(outerValue) in all: it is never reached",
      at: span,
      seconds: [Label("the narrower limit", at: outerAt)],
      help: "lower `\(name)`, or raise `\(outer)`"
    )
  }

  package static func priceMissing(
    _ model: String,
    at span: SourceSpan,
    neededBy: SourceSpan? = nil
  ) -> Diagnostic {
    Diagnostic(
      .priceMissing,
      "model `\(Wording.short(model))` has no price, so what it costs cannot be counted",
      at: span,
      seconds: neededBy.map { [Label("this counts it", at: $0)] } ?? [],
      help: "add `price: { input: $0.50/M, output: $1.50/M }`, or `price: free` to say you mean it"
    )
  }

  /// `section`: such as `limit \`global\``.
  package static func tiersWithoutKey(
    _ section: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .tiersWithoutKey,
      "\(section) has `tiers` but no `key`: all tiers would share one count",
      at: span,
      help: "add `key: user.id`, or remove `tiers`"
    )
  }
}
