import SluiceExpressions

/// The findings that issues of an expression become.
extension Diagnostic {
  /// The code and words for an issue; `available`: the variables of the phase.
  static func issue(
    _ issue: ExpressionIssue,
    available: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    let message = issue.message.withBackticks
    let help = issue.help?.withBackticks
    switch issue.kind {
    case .empty:
      return Diagnostic(.emptyCondition, message, at: span, help: help)
    case .tooLong, .tooDeep:
      return Diagnostic(.expressionTooLarge, message, at: span, help: help)
    case .unexpected, .unknownCharacter, .unterminatedString, .badEscape, .numberOutOfRange,
      .badMacro, .messageConstruction:
      return .expressionSyntax(message, at: span, help: help)
    case .unknownName(let name, let nearest):
      return .unknownVariable(name, nearest: nearest.first, available: available, at: span)
    case .incompleteName(let name, let members):
      return Diagnostic(
        .unknownVariable,
        message,
        at: span,
        help: "write one of: "
          + Wording.list(members.map { $0.hasPrefix(name) ? $0 : "\(name).\($0)" })
      )
    case .unknownFunction(let name, let nearest):
      return .unknownFunction(name, nearest: nearest.first, at: span)
    case .unknownField:
      return Diagnostic(.unknownVariable, message, at: span, help: help)
    case .wrongPhase(_, _, let here, let there):
      return Diagnostic(
        .wrongPhase,
        message,
        at: span,
        notes: [Wording.list("in phase `\(here)` you have", there.sorted())].compactMap(\.self)
      )
    case .typeMismatch(let expected, let found):
      return .typeMismatch(
        expected: "\(expected)",
        got: "\(found)",
        at: span,
        help: help
      )
    case .noSuchOverload, .notIterable, .unsupportedKey:
      return Diagnostic(.noOverload, message, at: span, help: help)
    case .badConstant, .notConstant, .duplicateKey, .unsupportedZone:
      return Diagnostic(.constantError, message, at: span, help: help)
    }
  }
}

extension String {
  /// The house marks names with backticks; `SluiceExpressions` knows only quotes.
  fileprivate var withBackticks: String { String(map { $0 == "'" ? "`" : $0 }) }
}
