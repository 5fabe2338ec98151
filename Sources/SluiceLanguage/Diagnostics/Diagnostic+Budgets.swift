extension Diagnostic {
  /// `others`: budgets that the policy no longer has, and for which money is counted.
  package static func budgetRenamed(
    _ budget: String,
    others: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    let names = others.map { "`\(Wording.short($0))`" }.joined(separator: ", ")
    return Diagnostic(
      .budgetRenamed,
      .warning,
      "budget `\(Wording.short(budget))` starts from zero",
      at: span,
      notes: ["the ledger holds spending of \(names), which the policy no longer has"],
      help: "if it is the same budget, keep the name until its period is over"
    )
  }
}
