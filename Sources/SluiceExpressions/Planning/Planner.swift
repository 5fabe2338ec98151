/// Lowers a checked expression to closures.
///
/// Everything that can be decided once is decided here: which slot a name is, which overload a
/// call takes, what constant parts come to, which patterns and sets they need.
struct Planner {
  let expression: CheckedExpression
  let seed: UInt64
  let known: [Int: Value]
  let loops = LoopPlan()

  func plan(_ node: Expression) -> Step { planOutsideLoops(node) ?? planHere(node) }

  func planHere(_ node: Expression) -> Step {
    switch node.form {
    case .literal(let value): return .constant(value)
    case .name(let name, _): return reference(node) ?? .failure(.unknownName(name))
    case .select(let operand, let field):
      return reference(node)
        ?? lookUp(plan(operand), key: .constant(.string(field.name)), in: operand)
    case .optionalSelect(let operand, let field):
      return lookUpOptional(plan(operand), key: .constant(.string(field.name)))
    case .presence(let operand, let field): return presence(plan(operand), field.name)
    case .call(let function, let arguments):
      return reference(node) ?? call(function.name, arguments)
    case .memberCall(let target, let function, let arguments):
      if case .standardFunction(let name) = expression.reference(of: node) {
        return call(name, arguments)
      }
      return reference(node) ?? call(function.name, [target] + arguments)
    case .unary(.not, let operand):
      let run = plan(operand)
      if case .constant(.bool(let value)) = run { return .constant(.bool(!value)) }
      let bool = run.bool
      return .bool { (frame) throws(EvaluationError) in !(try bool(&frame)) }
    case .unary(.negate, let operand):
      return apply(plan(operand)) { (value) throws(EvaluationError) in try value.negated() }
    case .binary(let binaryOperator, let left, let right):
      return binary(binaryOperator, left, right)
    case .logical(let logicalOperator, let operands):
      return logical(logicalOperator, operands.map { plan($0) })
    case .conditional(let condition, let then, let otherwise):
      return conditional(
        plan(condition),
        plan(then),
        plan(otherwise),
        type: trustedType(of: node)
      )
    case .index(let operand, let key): return lookUp(plan(operand), key: plan(key), in: operand)
    case .optionalIndex(let operand, let key):
      return lookUpOptional(plan(operand), key: plan(key))
    // Stands only inside lists and maps, which look at what the optional holds.
    case .optionalElement(let element): return plan(element)
    case .list(let elements):
      return list(elements.map { plan($0) }, optional: elements.map(\.isOptionalElement))
    case .map(let entries): return map(entries)
    case .comprehension(let loop): return comprehension(node, loop)
    case .binding(let binding): return self.binding(node, binding)
    }
  }

  /// The type of a node, as far as a closure may be built on it.
  ///
  /// `dyn` agrees with every type, so that once it occurs a double can turn up where the checker
  /// inferred an int: `([1] + dyn([2.5]))[1] < 3` is right, and must not be run on ints.
  func trustedType(of node: Expression) -> CELType {
    expression.isFullyTyped ? expression.type(of: node) : .dyn
  }

  /// The step of a node that refers to something declared; `nil` for all others.
  private func reference(_ node: Expression) -> Step? {
    switch expression.reference(of: node) {
    case .variable(let variable):
      return known[variable.slot].map(Step.constant) ?? .slot(variable.slot)
    case .local(let index):
      guard let compute = loops.bindings[index] else {
        return .value { (frame) throws(EvaluationError) in frame.local(index) ?? .null }
      }
      return .value { (frame) throws(EvaluationError) in
        if let kept = frame.local(index) { return kept }
        let value = try compute(&frame)
        frame.setLocal(index, to: value)
        return value
      }
    case .type(let name): return .constant(.type(name))
    case .hostFunction(let function): return hostCall(node, function)
    case .unresolved(let name): return .failure(.unknownName(name))
    case .standardFunction, nil: return nil
    }
  }

  private func hostCall(_ node: Expression, _ function: Environment.HostFunction) -> Step {
    guard function.isEvaluable else { return .failure(.unavailable(function.fullName)) }
    let number = function.number
    let steps = node.hostArguments.map { plan($0) }
    let constants = steps.compactMap(\.known)
    if constants.count == steps.count {
      return .value { (frame) throws(EvaluationError) in try frame.call(number, constants) }
    }
    return gather(steps) { (frame, arguments) throws(EvaluationError) in
      try frame.call(number, arguments)
    }
  }
}

// Collections.
extension Planner {
  func gather(
    _ steps: [Step],
    _ body: @escaping @Sendable (inout Frame, [Value]) throws(EvaluationError) -> Value
  ) -> Step {
    let runs = steps.map(\.value)
    return .value { (frame) throws(EvaluationError) in
      var values: [Value] = []
      values.reserveCapacity(runs.count)
      for run in runs { values.append(try run(&frame)) }
      return try body(&frame, values)
    }
  }

  private func list(_ steps: [Step], optional: [Bool]) -> Step {
    let constants = steps.compactMap(\.known)
    guard optional.contains(true) else {
      guard constants.count < steps.count else { return .constant(.list(constants)) }
      return gather(steps) { (frame, values) throws(EvaluationError) in
        try frame.charge(building: .list(values))
      }
    }
    let build: @Sendable ([Value]) throws(EvaluationError) -> Value = {
      (values) throws(EvaluationError) in
      var present: [Value] = []
      for (value, isOptional) in zip(values, optional) {
        if let value = isOptional ? try value.held() : value { present.append(value) }
      }
      return .list(present)
    }
    guard constants.count == steps.count else {
      return gather(steps) { (frame, values) throws(EvaluationError) in
        try frame.charge(building: try build(values))
      }
    }
    return folded { () throws(EvaluationError) in try build(constants) }
  }

  private func map(_ entries: [Expression.Entry]) -> Step {
    let steps = entries.flatMap { [plan($0.key), plan($0.value)] }
    let optional = entries.map { $0.value.isOptionalElement }
    let build: @Sendable ([Value]) throws(EvaluationError) -> Value = {
      (values) throws(EvaluationError) in
      var entries: [ValueMap.Entry] = []
      for (index, isOptional) in optional.enumerated() {
        let value = values[index * 2 + 1]
        if let value = isOptional ? try value.held() : value {
          entries.append(ValueMap.Entry(key: values[index * 2], value: value))
        }
      }
      guard let map = ValueMap(entries) else {
        throw .invalidArgument("a map has a key twice, or one that cannot be a key")
      }
      return .map(map)
    }
    let constants = steps.compactMap(\.known)
    guard constants.count == steps.count else {
      return gather(steps) { (frame, values) throws(EvaluationError) in
        try frame.charge(building: try build(values))
      }
    }
    return folded { () throws(EvaluationError) in try build(constants) }
  }

  /// Computes a constant now; a failure stays one that happens when it is reached.
  func folded(_ compute: () throws(EvaluationError) -> Value) -> Step {
    do throws(EvaluationError) {
      return .constant(try compute())
    } catch {
      return .failure(error)
    }
  }

  /// `operand[key]` and `operand.field`.
  private func lookUp(_ operand: Step, key: Step, in node: Expression) -> Step {
    if case .constant(.string(let text)) = key {
      // The key is written in the policy, so the error may name it.
      let known = KnownText(text)
      return apply(operand) { (value) throws(EvaluationError) in
        guard case .map(let map) = value else {
          if case .optional = value { return try value.optionalElement(at: .string(text)) }
          throw .noSuchOverload("[]")
        }
        guard let found = map[known] else { throw .noSuchKey(text) }
        return found
      }
    }
    return apply(operand, key) { (value, key) throws(EvaluationError) in
      if case .optional = value { return try value.optionalElement(at: key) }
      return try value.element(at: key)
    }
  }

  /// `operand[?key]` and `operand.?field`.
  private func lookUpOptional(_ operand: Step, key: Step) -> Step {
    apply(operand, key) { (value, key) throws(EvaluationError) in
      try value.optionalElement(at: key)
    }
  }

  private func presence(_ operand: Step, _ field: String) -> Step {
    let known = KnownText(field)
    return apply(operand) { (value) throws(EvaluationError) in
      guard let value = value.unwrapped else { return .bool(false) }
      guard case .map(let map) = value else { throw .noSuchOverload("has") }
      return .bool(map.hasKey(known))
    }
  }
}

// Plain functions of values.
extension Planner {
  func apply(
    _ operand: Step,
    _ body: @escaping @Sendable (Value) throws(EvaluationError) -> Value
  ) -> Step {
    if let constant = operand.known {
      return folded { () throws(EvaluationError) in try body(constant) }
    }
    let run = operand.value
    return .value { (frame) throws(EvaluationError) in try body(try run(&frame)) }
  }

  func apply(
    _ left: Step,
    _ right: Step,
    _ body: @escaping @Sendable (Value, Value) throws(EvaluationError) -> Value
  ) -> Step {
    if let one = left.known, let other = right.known {
      return folded { () throws(EvaluationError) in try body(one, other) }
    }
    let left = left.value
    let right = right.value
    return .value { (frame) throws(EvaluationError) in
      try body(try left(&frame), try right(&frame))
    }
  }

  func apply(
    _ steps: [Step],
    _ body: @escaping @Sendable ([Value]) throws(EvaluationError) -> Value
  ) -> Step {
    let constants = steps.compactMap(\.known)
    if constants.count == steps.count {
      return folded { () throws(EvaluationError) in try body(constants) }
    }
    return gather(steps) { (_, values) throws(EvaluationError) in try body(values) }
  }
}

extension Expression {
  /// The arguments of a node that was found to call a host function.
  fileprivate var hostArguments: [Expression] {
    switch form {
    // A host function in a namespace: its target is part of the name.
    case .call(_, let arguments), .memberCall(_, _, let arguments): arguments
    case .select(let operand, _): operand.hostArguments
    default: []
    }
  }
}
