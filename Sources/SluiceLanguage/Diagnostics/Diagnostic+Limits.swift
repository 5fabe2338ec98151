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

  package static func priceMissing(_ model: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .priceMissing,
      .warning,
      "model `\(Wording.short(model))` has no price, so what it costs cannot be counted",
      at: span,
      help: "add `price: { input: $0.50/M, output: $1.50/M }`, or `price: free` to say you mean it"
    )
  }

  /// `routes`: the names of those that lead to it; `ways`: what leads there, with its place.
  package static func unpricedBehindBudget(
    _ model: String,
    budget: String,
    routes: [String],
    at span: SourceSpan,
    budgetAt: SourceSpan,
    ways: [Label]
  ) -> Diagnostic {
    let names = routes.map { "`\(Wording.short($0))`" }
    let reach =
      names.isEmpty
      ? "what a budget falls back to" : "route\(names.count == 1 ? "" : "s") \(Wording.list(names))"
    return Diagnostic(
      .unpricedBehindBudget,
      "model `\(Wording.short(model))` has no price, so budget `\(Wording.short(budget))`"
        + " could never end what it costs",
      at: span,
      label: "reached by \(reach)",
      seconds: [Label("this has to count it", at: budgetAt)] + ways,
      help: "add `price: { input: $0.50/M, output: $1.50/M }`, or `price: free` to say you mean it"
    )
  }

  package static func pricesOverlap(
    _ model: String,
    from date: String?,
    at span: SourceSpan,
    first: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .pricesOverlap,
      "two prices of model `\(Wording.short(model))` hold from "
        + (date.map { "\($0) on" } ?? "the beginning"),
      at: span,
      label: "the same day again",
      seconds: [Label("the first of the two", at: first)],
      help: date == nil
        ? "add `from: 2026-01-31` to the later one" : "remove one, or write the day it begins"
    )
  }

  package static func priceInTwoPlaces(
    _ model: String,
    at span: SourceSpan,
    first: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .priceInTwoPlaces,
      "model `\(Wording.short(model))` is priced in two places",
      at: span,
      label: "priced again here",
      seconds: [Label("first priced here", at: first)],
      help: "keep one of the two; a list under it takes prices by their days"
    )
  }

  package static func budgetKeyTooLate(
    _ budget: String,
    variable: String,
    phase: String,
    from: String,
    at span: SourceSpan,
    keyAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .budgetKeyTooLate,
      "budget `\(Wording.short(budget))` counts by `\(variable)`, which does not exist yet in phase"
        + " `\(phase)`; it does from `\(from)` on",
      at: span,
      seconds: [Label("counts by this", at: keyAt)],
      help: "read a budget whose key is known by then, such as one by `user.id`"
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
