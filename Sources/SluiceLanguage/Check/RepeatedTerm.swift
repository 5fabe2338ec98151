import SluiceCore
import SluiceExpressions
import SluicePolicy

/// The same term twice in one `&&` or `||`.
struct RepeatedTerm: ExpressionCheck {
  func inspect(_ use: ExpressionUse, _ binder: Binder) {
    use.expression.root.forEach { node in
      guard case .logical(_, let operands) = node.form else { return }
      var seen: Set<String> = []
      for operand in operands where !seen.insert(operand.description).inserted {
        binder.report(.repeatedTerm(operand.description, at: use.place(operand.range)))
      }
    }
  }
}

extension Diagnostic {
  static func repeatedTerm(_ term: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .repeatedTerm,
      .warning,
      "`\(Wording.short(term))` stands here twice",
      at: span,
      help: "remove one of them, or write what was meant"
    )
  }
}
