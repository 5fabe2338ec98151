/// Finds the type of every node, what every name means, and what does not fit.
///
/// A node with an issue counts as `dyn` afterwards, so that one mistake is reported once.
struct Checker {
  typealias Typing = CheckedExpression.Typing

  let environment: Environment
  let typing: Typing
  var issues: [ExpressionIssue] = []
  var substitution = Substitution()
  private var types: [CELType?]
  var references: [CheckedExpression.Reference?]
  var hostCalls: [CheckedExpression.HostCall] = []
  /// The variables of the macros around the node at hand, outermost first.
  var locals: [(name: String, type: CELType, number: Int)] = []
  /// Every variable has a number of its own: a binding is computed while loops inside it run.
  private var localCount = 0

  init(environment: Environment, nodes: Int, typing: Typing) {
    self.environment = environment
    self.typing = typing
    types = Array(repeating: nil, count: nodes)
    references = Array(repeating: nil, count: nodes)
  }

  /// Checks a whole expression; to be called once.
  mutating func check(
    _ root: Expression,
    source: String,
    expecting expected: CELType?
  ) -> CheckedExpression.Outcome {
    let type = visit(root)
    if let expected, issues.isEmpty {
      var trial = substitution
      if trial.unify(type, expected) {
        substitution = trial
      } else {
        report(
          .typeMismatch(expected: expected, found: substitution.resolved(type)),
          at: root.range
        )
      }
    }
    guard issues.isEmpty else {
      let sorted = issues.sorted { $0.range.lowerBound < $1.range.lowerBound }
      return CheckedExpression.Outcome(expression: nil, issues: sorted)
    }
    let expression = CheckedExpression(
      source: source,
      root: root,
      type: substitution.resolved(type),
      types: types.map { $0.map { substitution.resolved($0) } },
      references: references,
      hostCalls: hostCalls,
      localCount: localCount
    )
    return CheckedExpression.Outcome(expression: expression, issues: [])
  }

  mutating func report(_ kind: ExpressionIssue.Kind, at range: Range<Int>) {
    issues.append(ExpressionIssue(kind, at: range))
  }

  mutating func visit(_ node: Expression) -> CELType {
    let type = type(of: node)
    types[node.id] = type
    return type
  }

  private mutating func type(of node: Expression) -> CELType {
    switch node.form {
    case .literal(let value): return value.staticType
    case .name(let name, let isRooted):
      if !isRooted, let index = locals.lastIndex(where: { $0.name == name }) {
        references[node.id] = .local(locals[index].number)
        return locals[index].type
      }
      return resolve(Path(segments: [name], isRooted: isRooted), at: node)
        ?? unknown(Path(segments: [name], isRooted: isRooted), at: node)
    case .select(let operand, let field): return select(node, operand, field)
    case .optionalSelect(let operand, let field):
      return .optional(fieldType(of: unwrapped(visit(operand)), field))
    case .presence(let operand, let field): return presence(node, operand, field)
    case .call(let function, let arguments): return call(node, function, arguments)
    case .memberCall(let target, let function, let arguments):
      return memberCall(node, target, function, arguments)
    case .unary(let unaryOperator, let operand):
      return apply(unaryOperator == .not ? "!" : "-x", to: [operand], at: node)
    case .binary(let binaryOperator, let left, let right):
      return apply(binaryOperator.rawValue, to: [left, right], at: node)
    case .logical(_, let operands):
      for operand in operands { require(.bool, operand) }
      return .bool
    case .conditional(let condition, let then, let otherwise):
      require(.bool, condition)
      return conditional(node, visit(then), visit(otherwise))
    case .index(let operand, let key): return apply("[]", to: [operand, key], at: node)
    case .optionalIndex(let operand, let key):
      return apply("[?]", to: [operand, key], at: node)
    case .optionalElement(let element): return wrapped(in: visit(element), at: element)
    case .list(let elements):
      var element = substitution.fresh()
      for (position, node) in elements.enumerated() {
        let type = visit(node)
        element = position == 0 ? type : substitution.join(element, type)
      }
      return .list(element)
    case .map(let entries): return map(entries)
    case .comprehension(let loop): return comprehension(node, loop)
    case .binding(let binding): return self.binding(node, binding)
    }
  }

  /// What an optional holds; for all other types the type itself.
  func unwrapped(_ type: CELType) -> CELType {
    if case .abstract("optional_type", let held) = substitution.shallow(type), held.count == 1 {
      return held[0]
    }
    return type
  }

  /// What the optional holds that must stand here.
  private mutating func wrapped(in type: CELType, at node: Expression) -> CELType {
    let held = substitution.fresh()
    var trial = substitution
    if trial.unify(type, .optional(held)) {
      substitution = trial
      return substitution.shallow(type) == .dyn ? .dyn : held
    }
    if typing == .strict {
      report(
        .typeMismatch(expected: .optional(.dyn), found: substitution.resolved(type)),
        at: node.range
      )
    }
    return .dyn
  }

  private mutating func declare(_ name: String, _ type: CELType) -> Int {
    defer { localCount += 1 }
    locals.append((name, type, localCount))
    return localCount
  }

  private mutating func binding(
    _ node: Expression,
    _ binding: Expression.Binding
  ) -> CELType {
    let outer = locals.count
    references[node.id] = .local(localCount)
    // Numbered together, and before what is inside their values.
    let first = localCount
    localCount += binding.variables.count
    for (position, variable) in binding.variables.enumerated() {
      locals.append((variable.name, visit(variable.value), first + position))
    }
    defer { locals.removeLast(locals.count - outer) }
    return visit(binding.body)
  }

  private mutating func require(_ expected: CELType, _ node: Expression) {
    let found = visit(node)
    var trial = substitution
    if trial.unify(found, expected) {
      substitution = trial
    } else if typing == .strict {
      report(.typeMismatch(expected: expected, found: substitution.resolved(found)), at: node.range)
    }
  }

  private mutating func conditional(
    _ node: Expression,
    _ then: CELType,
    _ otherwise: CELType
  ) -> CELType {
    var trial = substitution
    guard trial.unify(then, otherwise) || areNullable(then, otherwise) || typing == .dynamic else {
      report(
        .noSuchOverload(
          function: "? :",
          arguments: [.bool, substitution.resolved(then), substitution.resolved(otherwise)],
          candidates: ["two values of one type"]
        ),
        at: node.range
      )
      return .dyn
    }
    return substitution.join(then, otherwise)
  }

  private mutating func map(_ entries: [Expression.Entry]) -> CELType {
    var key = substitution.fresh()
    var value = substitution.fresh()
    var literals: [ValueMap.Entry] = []
    for (position, entry) in entries.enumerated() {
      let keyType = visit(entry.key)
      let valueType = visit(entry.value)
      key = position == 0 ? keyType : substitution.join(key, keyType)
      value = position == 0 ? valueType : substitution.join(value, valueType)
      if typing == .strict, !substitution.shallow(keyType).mayBeKey {
        report(.unsupportedKey(substitution.resolved(keyType)), at: entry.key.range)
      } else if case .literal(let literal) = entry.key.form, ValueMap.isKey(literal) {
        literals.append(ValueMap.Entry(key: literal, value: .null))
        if ValueMap(literals) == nil {
          literals.removeLast()
          report(.duplicateKey(literal.literal), at: entry.key.range)
        }
      }
    }
    return .map(key, value)
  }

  private mutating func comprehension(
    _ node: Expression,
    _ loop: Expression.Comprehension
  ) -> CELType {
    let range = visit(loop.range)
    let element: CELType
    let outer = locals.count
    defer { locals.removeLast(locals.count - outer) }
    references[node.id] = .local(localCount)
    var key = CELType.int
    switch loop.kind {
    case .optMap, .optFlatMap:
      element = wrapped(in: range, at: loop.range)
      _ = declare(loop.variable, element)
    case .all, .exists, .existsOne, .map, .filter, .transformList, .transformMap,
      .transformMapEntry, .sortBy:
      if let second = loop.second {
        (key, element) = pairType(of: range, at: loop.range)
        _ = declare(loop.variable, key)
        _ = declare(second, element)
      } else {
        element = elementType(of: range, at: loop.range)
        _ = declare(loop.variable, element)
      }
    }
    if let predicate = loop.predicate { require(.bool, predicate) }
    let transformed = loop.transform.map { visit($0) } ?? .dyn
    switch loop.kind {
    case .all, .exists, .existsOne: return .bool
    case .filter, .sortBy: return .list(element)
    case .map, .transformList: return .list(transformed)
    case .transformMap: return .map(key, transformed)
    case .transformMapEntry:
      let entry = CELType.map(substitution.fresh(), substitution.fresh())
      return requireShape(entry, transformed, at: loop.transform ?? loop.range)
    case .optMap: return .optional(transformed)
    case .optFlatMap:
      let wanted = CELType.optional(substitution.fresh())
      return requireShape(wanted, transformed, at: loop.transform ?? loop.range)
    }
  }

  /// Makes a type agree with a shape, and answers what came of it.
  private mutating func requireShape(
    _ shape: CELType,
    _ found: CELType,
    at node: Expression
  ) -> CELType {
    var trial = substitution
    if trial.unify(found, shape) {
      substitution = trial
      return shape
    }
    if typing == .strict {
      report(
        .typeMismatch(
          expected: substitution.resolved(shape),
          found: substitution.resolved(found)
        ),
        at: node.range
      )
    }
    return .dyn
  }

  /// The index and element of a list, or the key and value of a map.
  private mutating func pairType(
    of range: CELType,
    at node: Expression
  ) -> (key: CELType, value: CELType) {
    if case .map(let key, let value) = substitution.shallow(range) { return (key, value) }
    let element = elementType(of: range, at: node)
    return (substitution.shallow(range) == .dyn ? .dyn : .int, element)
  }

  private mutating func elementType(of range: CELType, at node: Expression) -> CELType {
    switch substitution.shallow(range) {
    case .list(let element): return element
    case .map(let key, _): return key
    case .dyn: return .dyn
    case .parameter:
      let element = substitution.fresh()
      _ = substitution.unify(range, .list(element))
      return element
    case let type:
      if typing == .strict { report(.notIterable(substitution.resolved(type)), at: node.range) }
      return .dyn
    }
  }
}

extension CELType {
  /// The types that can be written as values.
  static let named: [String: CELType] = [
    "null_type": .null, "bool": .bool, "int": .int, "uint": .uint, "double": .double,
    "string": .string, "bytes": .bytes, "list": .list(.dyn), "map": .map(.dyn, .dyn),
    "type": .type(.dyn), "money": .money, "google.protobuf.Timestamp": .timestamp,
    "google.protobuf.Duration": .duration, "optional_type": .optional(.dyn), "net.IP": .ip,
    "net.CIDR": .cidr,
  ]

  fileprivate var mayBeKey: Bool {
    switch self {
    case .bool, .int, .uint, .string, .dyn, .parameter: true
    case .null, .double, .bytes, .timestamp, .duration, .money, .list, .map, .type, .abstract:
      false
    }
  }
}

extension Value {
  /// The type of a literal.
  var staticType: CELType {
    switch self {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    case .timestamp: .timestamp
    case .duration: .duration
    case .money: .money
    case .list: .list(.dyn)
    case .map: .map(.dyn, .dyn)
    case .type(let name): .type(CELType.named[name] ?? .dyn)
    case .optional(let value): .optional(value?.staticType ?? .dyn)
    case .ip: .ip
    case .cidr: .cidr
    }
  }
}
