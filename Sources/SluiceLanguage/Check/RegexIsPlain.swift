import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A regular expression that says no more than a plain text does.
struct RegexIsPlain: ExpressionCheck {
  func inspect(_ use: ExpressionUse, _ binder: Binder) {
    use.expression.root.forEach { node in
      guard case .memberCall(_, let function, let arguments) = node.form,
        function.name == "matches", let argument = arguments.first,
        case .literal(.string(let pattern)) = argument.form, let plain = Self.plain(pattern)
      else { return }
      let text = CheckedExpression.quoted(plain.text)
      let name = use.place(function.range)
      let value = use.place(argument.range)
      // A value in quotes of YAML may need other quotes inside.
      let isPlain = binder.bundle.text(of: value) == CheckedExpression.quoted(pattern)
      binder.report(
        .regexIsPlain(
          "\(plain.function)(\(text))",
          at: use.place(function.range.lowerBound..<node.range.upperBound),
          fix: isPlain
            ? [Diagnostic.Edit(name, plain.function), Diagnostic.Edit(value, text)] : []
        )
      )
    }
  }

  /// The plain function that does the same; nil if there is none.
  private static func plain(_ pattern: String) -> (function: String, text: String)? {
    var body = Substring(pattern)
    let isAtStart = body.hasPrefix("^")
    if isAtStart { body = body.dropFirst() }
    let isAtEnd = body.hasSuffix("$") && !body.hasSuffix("\\$")
    if isAtEnd { body = body.dropLast() }
    guard !body.isEmpty, !body.contains(where: { ".*+?()[]{}|^$\\".contains($0) }) else {
      return nil
    }
    return switch (isAtStart, isAtEnd) {
    case (true, false): ("startsWith", String(body))
    case (false, true): ("endsWith", String(body))
    case (false, false): ("contains", String(body))
    // `text == "…"` is another form.
    case (true, true): nil
    }
  }
}

extension Diagnostic {
  static func regexIsPlain(_ plain: String, at span: SourceSpan, fix: [Edit]) -> Diagnostic {
    Diagnostic(
      .regexIsPlain,
      .warning,
      "this pattern says no more than `\(Wording.short(plain))`",
      at: span,
      help: "write `\(Wording.short(plain))`: it is faster, and lint can reason about it",
      fix: fix
    )
  }
}
