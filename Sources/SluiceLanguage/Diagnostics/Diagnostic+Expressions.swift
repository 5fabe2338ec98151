/// What is wrong with expressions (SL06xx).
extension Diagnostic {
  package static func wrongPhase(
    _ variable: String,
    phase: String,
    from: String,
    available: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .wrongPhase,
      "`\(variable)` does not exist yet in phase `\(phase)`; it does from `\(from)` on",
      at: span,
      notes: [Wording.list("in phase `\(phase)` you have", available.sorted())].compactMap(\.self)
    )
  }

  package static func constantCondition(
    _ value: Bool,
    reason: String? = nil,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .constantCondition,
      .warning,
      "this condition is always \(value)" + (reason.map { ": \($0)" } ?? ""),
      at: span,
      help: value ? "remove it if it should always hold" : "mend it, or remove what it guards"
    )
  }

  package static func expressionSyntax(
    _ message: String,
    at span: SourceSpan,
    help: String? = nil
  ) -> Diagnostic {
    Diagnostic(.expressionSyntax, message, at: span, help: help)
  }

  package static func unknownVariable(
    _ name: String,
    nearest: String?,
    available: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    var finding = Diagnostic(
      .unknownVariable,
      "there is no variable `\(Wording.short(name))`" + Wording.suggestion(nearest),
      at: span,
      notes: [Wording.list("you have", available.sorted())].compactMap(\.self),
      help: nearest.map { "write `\($0)`; text goes in quotes" } ?? "text goes in quotes",
      fix: nearest.map { [Edit(span, $0)] } ?? []
    )
    // Only features are declared; what other variables there are is known.
    if !name.hasPrefix("features.") { finding.absence = nil }
    return finding
  }

  package static func typeMismatch(
    expected: String,
    got: String,
    at span: SourceSpan,
    help: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .typeMismatch,
      "expected \(expected), but this is \(got)",
      at: span,
      label: got,
      help: help
    )
  }

  /// `operation`: such as `\`<\``; `types`: of what it was given.
  package static func noOverload(
    _ operation: String,
    types: [String],
    accepted: [String] = [],
    at span: SourceSpan,
    help: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .noOverload,
      "`\(operation)` does not take " + types.joined(separator: " and "),
      at: span,
      notes: [Wording.list("it takes", accepted)].compactMap(\.self),
      help: help
    )
  }

  /// A constant part that fails whatever the request, such as a bad pattern or a division by zero.
  package static func constantError(
    _ message: String,
    at span: SourceSpan,
    help: String? = nil
  ) -> Diagnostic {
    Diagnostic(.constantError, "this always fails: \(message)", at: span, help: help)
  }

  package static func unknownFunction(
    _ name: String,
    nearest: String?,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unknownFunction,
      "there is no function `\(Wording.short(name))`" + Wording.suggestion(nearest),
      at: span,
      help: nearest.map { "write `\($0)`" },
      fix: nearest.map { [Edit(span, $0)] } ?? []
    )
  }

  package static func expressionTooLarge(
    _ what: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .expressionTooLarge,
      "the expression has more than \(what)",
      at: span,
      help: "name parts of it under `features`"
    )
  }

  /// `parts`: what costs most, each with its cost and place, the dearest first.
  package static func expressionTooCostly(
    cost: String,
    limit: String,
    parts: [(cost: String, span: SourceSpan)],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .expressionTooCostly,
      "the expression may cost \(cost) units at worst, more than the \(limit) allowed",
      at: span,
      seconds: parts.map { Label("up to \($0.cost) units", at: $0.span) },
      notes: ["a unit is a step, or 16 bytes to read; a prompt is taken as 10 MiB long"],
      help: "loop over less, test a shorter text, or name parts of it under `features`"
    )
  }

  /// `path`: the features from one back to itself.
  package static func featureCycle(
    _ path: [String],
    at span: SourceSpan,
    through others: [SourceSpan]
  ) -> Diagnostic {
    Diagnostic(
      .featureCycle,
      "feature leads back to itself: " + path.map { "`\($0)`" }.joined(separator: " → "),
      at: span,
      seconds: others.map { Label("on the way", at: $0) },
      help: "take one of them out of the circle"
    )
  }
}
