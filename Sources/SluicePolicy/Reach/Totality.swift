import SluiceExpressions

/// Whether an expression has a value whatever the request.
///
/// Says yes only where that is certain; what it does not know may fail.
enum Totality {
  static func holds(
    _ node: SyntaxNode,
    _ expression: CheckedExpression,
    _ features: [Int: CheckedExpression],
    depth: Int = 0
  ) -> Bool {
    func all(_ nodes: [SyntaxNode]) -> Bool {
      nodes.allSatisfy { holds($0, expression, features, depth: depth) }
    }
    switch expression.reference(of: node) {
    case .variable(let variable):
      guard PolicyVariable(rawValue: variable.slot) == nil else { return true }
      guard depth < 32, let feature = features[variable.slot] else { return false }
      return holds(feature.root, feature, features, depth: depth + 1)
    case .local, .type: return true
    case .hostFunction(let function): return function.number == StateFunction.breakerState.rawValue
    case .standardFunction, .unresolved: return false
    case nil: break
    }
    switch node.form {
    case .literal: return true
    case .presence(let operand, _): return all([operand])
    case .unary(.not, let operand): return all([operand])
    case .binary(let comparison, let left, let right):
      switch comparison {
      case .equal, .notEqual, .isIn: return all([left, right])
      case .less, .lessOrEqual, .greater, .greaterOrEqual:
        return all([left, right])
          && [left, right].allSatisfy { expression.type(of: $0) != .dyn }
      case .add: return expression.type(of: node) == .string && all([left, right])
      case .subtract, .multiply, .divide, .remainder: return false
      }
    case .logical(_, let operands), .list(let operands): return all(operands)
    case .conditional(let condition, let then, let otherwise):
      return all([condition, then, otherwise])
    case .memberCall(let target, let function, let arguments):
      return isTotal(function.name, [target] + arguments) && all([target] + arguments)
    case .call(let function, let arguments):
      return isTotal(function.name, arguments) && all(arguments)
    case .comprehension(let loop):
      // Loops over what a request brings may take more turns than are allowed.
      guard case .list = loop.range.form else { return false }
      switch loop.kind {
      case .all, .exists, .existsOne, .map, .filter: break
      case .transformList, .transformMap, .transformMapEntry, .sortBy, .optMap, .optFlatMap:
        return false
      }
      return all([loop.range] + [loop.predicate, loop.transform].compactMap(\.self))
    case .name, .select, .optionalSelect, .unary(.negate, _), .index, .optionalIndex,
      .optionalElement, .binding, .map:
      return false
    }
  }

  private static func isTotal(_ function: String, _ arguments: [SyntaxNode]) -> Bool {
    switch function {
    case "contains", "startsWith", "endsWith", "lowerAscii", "upperAscii", "trim", "size": true
    // A pattern that is written out was compiled when it was checked.
    case "matches", "glob": if case .literal? = arguments.last?.form { true } else { false }
    case "bucket":
      if case .literal(.int(let count))? = arguments.last?.form { count > 0 } else { false }
    case "inWindow":
      arguments.dropFirst().allSatisfy { if case .literal = $0.form { true } else { false } }
    case "getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek",
      "getHours", "getMinutes", "getSeconds", "getMilliseconds":
      arguments.count == 1
    default: false
    }
  }
}

/// A node of CEL's syntax; `Expression` alone is a policy's.
typealias SyntaxNode = SluiceExpressions.Expression
