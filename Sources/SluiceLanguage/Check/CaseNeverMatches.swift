import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A text in the wrong case for what it is compared with.
struct CaseNeverMatches: ExpressionCheck {
  func inspect(_ use: ExpressionUse, _ binder: Binder) {
    use.expression.root.forEach { node in
      let subject: SluiceExpressions.Expression
      let argument: SluiceExpressions.Expression
      switch node.form {
      case .memberCall(let target, let function, let arguments)
      where ["contains", "startsWith", "endsWith"].contains(function.name) && arguments.count == 1:
        (subject, argument) = (target, arguments[0])
      case .binary(.equal, let left, let right): (subject, argument) = (left, right)
      default: return
      }
      guard case .memberCall(_, let change, _) = subject.form,
        case .literal(.string(let text)) = argument.form
      else { return }
      let isNever =
        change.name == "lowerAscii" && text.utf8.contains { (0x41...0x5a).contains($0) }
        || change.name == "upperAscii" && text.utf8.contains { (0x61...0x7a).contains($0) }
      guard isNever else { return }
      binder.report(.caseNeverMatches(change.name, text, at: use.place(argument.range)))
    }
  }
}

extension Diagnostic {
  static func caseNeverMatches(
    _ function: String,
    _ text: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .caseNeverMatches,
      .warning,
      "`\(Wording.short(text))` never occurs in what `\(function)()` gives",
      at: span,
      help: function == "lowerAscii" ? "write it in lower case" : "write it in upper case"
    )
  }
}
