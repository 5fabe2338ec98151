/// Finds the type of every node, what every name means, and what does not fit.
///
/// A node with an issue counts as `dyn` afterwards, so that one mistake is reported once.
struct Checker {
  enum Typing {
    /// What cannot be shown to fit is an issue.
    case strict
    /// What cannot be shown to fit is left to fail at run time: plain CEL without declarations.
    case dynamic
  }

  let environment: Environment
  let typing: Typing
  var issues: [ExpressionIssue] = []
  var substitution = Substitution()
  private var types: [CELType]
  private var references: [CheckedExpression.Reference?]
  private var hostCalls: [CheckedExpression.HostCall] = []
  /// The variables of the macros around the node at hand, outermost first.
  private var locals: [(name: String, type: CELType)] = []
  private var localCount = 0

  init(environment: Environment, nodes: Int, typing: Typing) {
    self.environment = environment
    self.typing = typing
    types = Array(repeating: .dyn, count: nodes)
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
      types: types.map { substitution.resolved($0) },
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
        references[node.id] = .local(index)
        return locals[index].type
      }
      return resolve(Path(segments: [name], isRooted: isRooted), at: node)
        ?? unknown(Path(segments: [name], isRooted: isRooted), at: node)
    case .select(let operand, let field): return select(node, operand, field)
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
    case .list(let elements):
      var element = substitution.fresh()
      for (position, node) in elements.enumerated() {
        let type = visit(node)
        element = position == 0 ? type : substitution.join(element, type)
      }
      return .list(element)
    case .map(let entries): return map(entries)
    case .comprehension(let loop): return comprehension(node, loop)
    }
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
    guard trial.unify(then, otherwise) || typing == .dynamic else {
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
    let element = elementType(of: visit(loop.range), at: loop.range)
    references[node.id] = .local(locals.count)
    locals.append((loop.variable, element))
    localCount = max(localCount, locals.count)
    defer { locals.removeLast() }
    if let predicate = loop.predicate { require(.bool, predicate) }
    let transformed = loop.transform.map { visit($0) }
    switch loop.kind {
    case .all, .exists, .existsOne: return .bool
    case .filter: return .list(element)
    case .map: return .list(transformed ?? .dyn)
    }
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

// Names.
extension Checker {
  /// A chain of plain names, `request.model`, that may be one declared name.
  private struct Path {
    let segments: [String]
    let isRooted: Bool

    init(segments: [String], isRooted: Bool) {
      self.segments = segments
      self.isRooted = isRooted
    }

    init?(_ node: Expression) {
      switch node.form {
      case .name(let name, let isRooted): self.init(segments: [name], isRooted: isRooted)
      case .select(let operand, let field):
        guard let path = Path(operand) else { return nil }
        self.init(segments: path.segments + [field.name], isRooted: path.isRooted)
      default: return nil
      }
    }

    var name: String { segments.joined(separator: ".") }

    var parent: Path? {
      segments.count > 1 ? Path(segments: segments.dropLast(), isRooted: isRooted) : nil
    }
  }

  /// The path of a node, unless it begins at the variable of a macro.
  private func path(_ node: Expression) -> Path? {
    guard let path = Path(node) else { return nil }
    let isLocal = !path.isRooted && locals.contains { $0.name == path.segments[0] }
    return isLocal ? nil : path
  }

  /// The full names that a path may stand for, innermost namespace first.
  private func candidates(_ path: Path) -> [String] {
    guard !path.isRooted, !environment.container.isEmpty else { return [path.name] }
    var container = environment.container.split(separator: ".")
    var names: [String] = []
    while !container.isEmpty {
      names.append("\(container.joined(separator: ".")).\(path.name)")
      container.removeLast()
    }
    return names + [path.name]
  }

  private func isDeclared(_ path: Path) -> Bool {
    candidates(path)
      .contains {
        environment.variables[$0] != nil || CELType.named[$0] != nil
      }
  }

  /// The type of what a path names as a whole; `nil` if it names nothing.
  private mutating func resolve(_ path: Path, at node: Expression) -> CELType? {
    for name in candidates(path) {
      if let variable = environment.variables[name] {
        references[node.id] = .variable(variable)
        guard variable.phases.contains(environment.phase) else {
          reportPhase(of: name, variable.phases, at: node.range)
          return .dyn
        }
        return variable.type
      }
      if let type = CELType.named[name] {
        references[node.id] = .type(name)
        return .type(type)
      }
    }
    return nil
  }

  private mutating func reportPhase(
    of name: String,
    _ phases: Set<Environment.Phase>,
    at range: Range<Int>
  ) {
    report(
      .wrongPhase(
        name: name,
        existsIn: phases.sorted().map(\.name),
        here: environment.phase.name,
        available: environment.available
      ),
      at: range
    )
  }

  private mutating func unknown(_ path: Path, at node: Expression) -> CELType {
    references[node.id] = .unresolved(path.name)
    guard typing == .strict else { return .dyn }
    let members = environment.available.filter { $0.hasPrefix(path.name + ".") }
    if members.isEmpty {
      let nearest = Nearest.names(to: path.name, among: environment.available)
      report(.unknownName(path.name, nearest: nearest), at: node.range)
    } else {
      report(.incompleteName(path.name, members: members), at: node.range)
    }
    return .dyn
  }

  private mutating func select(
    _ node: Expression,
    _ operand: Expression,
    _ field: Expression.Field
  ) -> CELType {
    if let path = path(node) {
      if let type = resolve(path, at: node) { return type }
      // The longest declared prefix wins; without one, the whole is reported, not its first word.
      var prefix = path.parent
      while let tried = prefix, !isDeclared(tried) { prefix = tried.parent }
      if prefix == nil { return unknown(path, at: node) }
    }
    if case .call(let function, let arguments) = operand.form,
      let overloads = environment.functions[function.name],
      overloads.contains(where: { $0.field != nil })
    {
      return hostField(node, function, arguments, field, overloads)
    }
    return fieldType(of: visit(operand), field)
  }

  private mutating func fieldType(of operand: CELType, _ field: Expression.Field) -> CELType {
    switch substitution.shallow(operand) {
    case .dyn: return .dyn
    case .parameter:
      _ = substitution.unify(operand, .dyn)
      return .dyn
    case .map(let key, let value):
      var trial = substitution
      if trial.unify(key, .string) {
        substitution = trial
        return value
      }
    default: break
    }
    if typing == .strict {
      let owner = "a value of type \(substitution.resolved(operand))"
      report(.unknownField(field.name, of: owner, nearest: []), at: field.range)
    }
    return .dyn
  }

  private mutating func presence(
    _ node: Expression,
    _ operand: Expression,
    _ field: Expression.Field
  ) -> CELType {
    if let path = path(operand) {
      let whole = Path(segments: path.segments + [field.name], isRooted: path.isRooted)
      if !isDeclared(path), isDeclared(whole) {
        report(
          .badMacro(name: "has", reason: "'\(whole.name)' is a variable and always there"),
          at: node.range
        )
        return .bool
      }
    }
    _ = fieldType(of: visit(operand), field)
    return .bool
  }
}

// Calls.
extension Checker {
  private mutating func call(
    _ node: Expression,
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) -> CELType {
    if let overloads = environment.functions[function.name] {
      let plain = overloads.filter { $0.field == nil }
      guard plain.isEmpty else { return host(node, function.name, plain, arguments) }
      report(
        .incompleteName(
          "\(function.name)(…)",
          members: overloads.map { "\(function.name)(…).\($0.field ?? "")" }.sorted()
        ),
        at: node.range
      )
      return .dyn
    }
    let overloads = StandardOverloads.named(function.name).filter { $0.style != .member }
    guard !overloads.isEmpty else {
      for argument in arguments { _ = visit(argument) }
      return unknownFunction(function, at: node)
    }
    let type = apply(overloads, function.name, to: arguments, at: node)
    checkConstants(function.name, arguments)
    return type
  }

  private mutating func memberCall(
    _ node: Expression,
    _ target: Expression,
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) -> CELType {
    if let path = path(target), !isDeclared(path) {
      let name = "\(path.name).\(function.name)"
      if let overloads = environment.functions[name] {
        return host(node, name, overloads, arguments)
      }
    }
    let overloads = StandardOverloads.named(function.name).filter { $0.style != .call }
    guard !overloads.isEmpty else {
      for argument in [target] + arguments { _ = visit(argument) }
      return unknownFunction(function, at: node)
    }
    let type = apply(overloads, function.name, to: [target] + arguments, at: node)
    checkConstants(function.name, [target] + arguments)
    return type
  }

  private mutating func unknownFunction(
    _ function: Expression.Field,
    at node: Expression
  ) -> CELType {
    references[node.id] = .unresolved(function.name)
    guard typing == .strict else { return .dyn }
    let names = StandardOverloads.callableNames + environment.functions.keys
    report(
      .unknownFunction(function.name, nearest: Nearest.names(to: function.name, among: names)),
      at: function.range
    )
    return .dyn
  }

  private mutating func apply(
    _ function: String,
    to arguments: [Expression],
    at node: Expression
  ) -> CELType {
    apply(StandardOverloads.named(function), function, to: arguments, at: node)
  }

  /// Finds the overloads that fit; several can where a type is `dyn`.
  private mutating func apply(
    _ overloads: [Overload],
    _ function: String,
    to arguments: [Expression],
    at node: Expression
  ) -> CELType {
    let types = arguments.map { visit($0) }
    var matches: [(Substitution, CELType)] = []
    for overload in overloads where overload.parameters.count == types.count {
      var trial = substitution
      let fresh = trial.instantiate(overload)
      if zip(fresh.parameters, types).allSatisfy({ trial.unify($0, $1) }) {
        matches.append((trial, fresh.result))
      }
    }
    if matches.count == 1 {
      substitution = matches[0].0
      return matches[0].1
    }
    let results = Set(matches.map { $0.0.resolved($0.1) })
    if results.count == 1, let result = results.first { return result }
    if results.isEmpty, typing == .strict {
      report(
        .noSuchOverload(
          function: function == "-x" ? "-" : function,
          arguments: types.map { substitution.resolved($0) },
          candidates: overloads.map(\.description)
        ),
        at: node.range
      )
    }
    return .dyn
  }

  private mutating func hostField(
    _ node: Expression,
    _ function: Expression.Field,
    _ arguments: [Expression],
    _ field: Expression.Field,
    _ overloads: [Environment.HostFunction]
  ) -> CELType {
    let matching = overloads.filter { $0.field == field.name }
    guard !matching.isEmpty else {
      for argument in arguments { _ = visit(argument) }
      let fields = overloads.compactMap(\.field)
      report(
        .unknownField(
          field.name,
          of: "'\(function.name)(…)'",
          nearest: fields.count <= 3
            ? fields.sorted() : Nearest.names(to: field.name, among: fields)
        ),
        at: field.range
      )
      return .dyn
    }
    return host(node, function.name, matching, arguments)
  }

  private mutating func host(
    _ node: Expression,
    _ name: String,
    _ overloads: [Environment.HostFunction],
    _ arguments: [Expression]
  ) -> CELType {
    let types = arguments.map { visit($0) }
    let chosen = overloads.first { overload in
      var trial = substitution
      guard overload.parameters.count == types.count,
        zip(overload.parameters, types).allSatisfy({ trial.unify($0, $1) })
      else { return false }
      substitution = trial
      return true
    }
    guard let chosen else {
      report(
        .noSuchOverload(
          function: name,
          arguments: types.map { substitution.resolved($0) },
          candidates: overloads.map {
            "(\($0.parameters.map(\.description).joined(separator: ", ")))"
          }
        ),
        at: node.range
      )
      return .dyn
    }
    guard chosen.phases.contains(environment.phase) else {
      reportPhase(of: chosen.fullName, chosen.phases, at: node.range)
      return .dyn
    }
    let literals = arguments.map { argument -> Value? in
      if case .literal(let value) = argument.form { value } else { nil }
    }
    if chosen.needsConstants, let position = literals.firstIndex(of: nil) {
      report(.notConstant(function: chosen.fullName), at: arguments[position].range)
      return chosen.result
    }
    references[node.id] = .hostFunction(chosen)
    hostCalls.append(
      CheckedExpression.HostCall(
        function: chosen,
        arguments: literals,
        argumentRanges: arguments.map(\.range),
        range: node.range
      )
    )
    return chosen.result
  }

  /// Reads the literals that are compiled when the policy is loaded.
  private mutating func checkConstants(_ function: String, _ arguments: [Expression]) {
    // In CEL without declarations, what fails at run time may still be absorbed by `||`.
    guard typing == .strict else { return }
    guard let last = arguments.last, case .literal(.string(let text)) = last.form else { return }
    if let issue = ConstantText.issue(in: text, of: function, argumentCount: arguments.count) {
      report(issue, at: last.range)
    }
  }
}

extension CELType {
  /// The types that can be written as values.
  static let named: [String: CELType] = [
    "null_type": .null, "bool": .bool, "int": .int, "uint": .uint, "double": .double,
    "string": .string, "bytes": .bytes, "list": .list(.dyn), "map": .map(.dyn, .dyn),
    "type": .type(.dyn), "money": .money, "google.protobuf.Timestamp": .timestamp,
    "google.protobuf.Duration": .duration,
  ]

  fileprivate var mayBeKey: Bool {
    switch self {
    case .bool, .int, .uint, .string, .dyn, .parameter: true
    case .null, .double, .bytes, .timestamp, .duration, .money, .list, .map, .type: false
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
    }
  }
}
