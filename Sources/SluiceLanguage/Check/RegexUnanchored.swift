import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A pattern that may match in the middle of a name.
struct RegexUnanchored: ExpressionCheck {
  func inspect(_ use: ExpressionUse, _ binder: Binder) {
    use.expression.root.forEach { node in
      guard case .memberCall(let target, let function, let arguments) = node.form,
        function.name == "matches", let argument = arguments.first,
        case .literal(.string(let pattern)) = argument.form,
        !pattern.hasPrefix("^"), !pattern.hasPrefix(".*"), !pattern.hasSuffix("$"),
        let variable = use.mentioned(in: target).first(where: { Self.names.contains($0) })
      else { return }
      binder.report(.regexUnanchored(variable.name, at: use.place(argument.range)))
    }
  }

  private static let names: Set<PolicyVariable> = [
    .userID, .userTier, .tenant, .product, .clientIP, .requestModel, .requestPath, .headers,
  ]
}

extension Diagnostic {
  static func regexUnanchored(_ variable: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .regexUnanchored,
      .warning,
      "this pattern also matches in the middle of `\(variable)`",
      at: span,
      help: "begin it with `^` and end it with `$`"
    )
  }
}
