import SluiceExpressions
import SluicePolicy

/// What a checked expression asks for, with the places in the file.
struct ExpressionUse {
  let expression: CheckedExpression
  /// Where a stretch of the text, in Unicode scalars, stands in the file.
  let place: (Range<Int>) -> SourceSpan

  /// A text that a variable with few possible values is compared with.
  struct DomainName {
    var variable: PolicyVariable
    var text: String
    var span: SourceSpan
  }

  /// A call of a function that reads state.
  struct StateCall {
    var function: StateFunction
    var argument: String
    var span: SourceSpan
  }

  /// The texts beside `==`, `!=` and `in`.
  var namesOfFiniteDomains: [DomainName] {
    var names: [DomainName] = []
    expression.root.forEach { node in
      guard case .binary(let comparison, let left, let right) = node.form else { return }
      switch comparison {
      case .equal, .notEqual:
        if let variable = variable(left) { names += texts(right, for: variable) }
        if let variable = variable(right) { names += texts(left, for: variable) }
      case .isIn:
        guard let variable = variable(left), case .list(let items) = right.form else { return }
        for item in items { names += texts(item, for: variable) }
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .add, .subtract, .multiply, .divide,
        .remainder:
        break
      }
    }
    return names
  }

  var stateCalls: [StateCall] {
    expression.hostCalls.compactMap { call in
      guard let function = StateFunction(rawValue: call.function.number),
        case .string(let argument)?? = call.arguments.first, let range = call.argumentRanges.first
      else { return nil }
      return StateCall(function: function, argument: argument, span: place(range))
    }
  }

  /// The variables in a part of the expression.
  func mentioned(in node: SluiceExpressions.Expression) -> [PolicyVariable] {
    var found: [PolicyVariable] = []
    node.forEach { part in if let variable = variable(part) { found.append(variable) } }
    return found
  }

  private func texts(
    _ node: SluiceExpressions.Expression,
    for variable: PolicyVariable
  ) -> [DomainName] {
    guard case .literal(.string(let text)) = node.form else { return [] }
    return [DomainName(variable: variable, text: text, span: place(node.range))]
  }

  private func variable(_ node: SluiceExpressions.Expression) -> PolicyVariable? {
    guard case .variable(let variable)? = expression.reference(of: node) else { return nil }
    return PolicyVariable(rawValue: variable.slot)
  }
}
