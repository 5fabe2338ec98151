import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A comparison that fails, rather than holds, where a header is not sent.
struct HeaderMayBeAbsent: ExpressionCheck {
  func inspect(_ use: ExpressionUse, _ binder: Binder) {
    let expression = use.expression
    var known: Set<String> = []
    expression.root.forEach { node in
      switch node.form {
      case .presence(_, let field): known.insert(field.name)
      case .binary(.isIn, let key, _):
        if case .literal(.string(let name)) = key.form { known.insert(name) }
      default: break
      }
    }
    expression.root.forEach { node in
      let comparison: SluiceExpressions.Expression
      switch node.form {
      case .binary(.notEqual, _, _): comparison = node
      case .unary(.not, let operand): comparison = operand
      default: return
      }
      guard case .binary(_, let left, _) = comparison.form,
        let name = Self.header(left, expression), !known.contains(name)
      else { return }
      binder.report(.headerMayBeAbsent(name, at: use.place(node.range)))
    }
  }

  private static func header(
    _ node: SluiceExpressions.Expression,
    _ expression: CheckedExpression
  ) -> String? {
    guard case .index(let operand, let key) = node.form,
      case .variable(let variable)? = expression.reference(of: operand),
      variable.slot == PolicyVariable.headers.slot,
      case .literal(.string(let name)) = key.form
    else { return nil }
    return name
  }
}

extension Diagnostic {
  static func headerMayBeAbsent(_ name: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .headerMayBeAbsent,
      .warning,
      "without the header `\(Wording.short(name))` this does not hold: it fails, and nothing matches",
      at: span,
      help: "say what is meant: `!(\"\(Wording.short(name))\" in headers) || …`"
    )
  }
}
