// Calls.
extension Checker {
  mutating func call(
    _ node: Expression,
    _ function: Expression.Field,
    _ arguments: [Expression]
  ) -> CELType {
    if let overloads = environment.functions[function.name] {
      let plain = overloads.filter { $0.field == nil && !$0.isMember }
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
    let before = issues.count
    let type = apply(overloads, function.name, to: arguments, at: node)
    if issues.count == before { checkConstants(function.name, arguments) }
    return type
  }

  mutating func memberCall(
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
      if let type = namespaced(node, name, arguments) { return type }
    }
    if let overloads = environment.functions[function.name]?.filter(\.isMember),
      !overloads.isEmpty
    {
      return host(node, function.name, overloads, [target] + arguments)
    }
    let overloads = StandardOverloads.named(function.name).filter { $0.style != .call }
    guard !overloads.isEmpty else {
      for argument in [target] + arguments { _ = visit(argument) }
      return unknownFunction(function, at: node)
    }
    let before = issues.count
    let type = apply(overloads, function.name, to: [target] + arguments, at: node)
    if issues.count == before { checkConstants(function.name, [target] + arguments) }
    return type
  }

  /// A function such as `math.abs`; `nil` if there is none of this name.
  private mutating func namespaced(
    _ node: Expression,
    _ name: String,
    _ arguments: [Expression]
  ) -> CELType? {
    if name == "math.greatest" || name == "math.least" {
      references[node.id] = .standardFunction(name)
      return extreme(node, name, arguments)
    }
    let overloads = StandardOverloads.named(name)
    guard !overloads.isEmpty else { return nil }
    references[node.id] = .standardFunction(name)
    let before = issues.count
    let type = apply(overloads, name, to: arguments, at: node)
    if issues.count == before { checkConstants(name, arguments) }
    return type
  }

  /// `math.greatest` and `math.least` take any number of numbers, or one list of them.
  private mutating func extreme(
    _ node: Expression,
    _ name: String,
    _ arguments: [Expression]
  ) -> CELType {
    var types = arguments.map { substitution.shallow(visit($0)) }
    if types.count == 1, case .list(let element) = types[0] {
      types = [substitution.shallow(element)]
      if case .list(let elements) = arguments[0].form, elements.isEmpty { types = [] }
    }
    let fits = types.allSatisfy {
      switch $0 {
      case .int, .uint, .double, .dyn, .parameter: true
      default: false
      }
    }
    guard fits, let first = types.first else {
      if typing == .strict {
        report(
          .noSuchOverload(
            function: name,
            arguments: types.map { substitution.resolved($0) },
            candidates: ["numbers", "a list of numbers"]
          ),
          at: node.range
        )
      }
      return .dyn
    }
    return types.allSatisfy { $0 == first } ? first : .dyn
  }

  /// Whether one of two types is that of `null`, and the other may be null.
  func areNullable(_ left: CELType, _ right: CELType) -> Bool {
    let (left, right) = (substitution.shallow(left), substitution.shallow(right))
    return (left == .null && right.isNullable) || (right == .null && left.isNullable)
  }

  mutating func unknownFunction(
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

  mutating func apply(
    _ function: String,
    to arguments: [Expression],
    at node: Expression
  ) -> CELType {
    apply(StandardOverloads.named(function), function, to: arguments, at: node)
  }

  /// Finds the overloads that fit; several can where a type is `dyn`.
  mutating func apply(
    _ overloads: [Overload],
    _ function: String,
    to arguments: [Expression],
    at node: Expression
  ) -> CELType {
    let types = arguments.map { visit($0) }
    if function == "==" || function == "!=", areNullable(types[0], types[1]) { return .bool }
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
          candidates: candidates(overloads, function, types)
        ),
        at: node.range
      )
    }
    return .dyn
  }

  /// What to show of the overloads: those that take the first argument, if there are any.
  private func candidates(
    _ overloads: [Overload],
    _ function: String,
    _ types: [CELType]
  ) -> [String] {
    let near = overloads.filter { overload in
      guard let wanted = overload.parameters.first, let found = types.first else { return false }
      var trial = substitution
      let fresh = trial.instantiate(overload)
      return trial.unify(fresh.parameters.first ?? wanted, found)
    }
    return (near.isEmpty ? overloads : near).map { $0.description(of: function) }
  }

  mutating func hostField(
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

  mutating func host(
    _ node: Expression,
    _ name: String,
    _ overloads: [Environment.HostFunction],
    _ arguments: [Expression]
  ) -> CELType {
    let types = arguments.map { visit($0) }
    var result = CELType.dyn
    let chosen = overloads.first { overload in
      var trial = substitution
      let fresh = trial.instantiate(
        Overload(parameters: overload.parameters, result: overload.result, style: .call)
      )
      guard fresh.parameters.count == types.count,
        zip(fresh.parameters, types).allSatisfy({ trial.unify($0, $1) })
      else { return false }
      substitution = trial
      result = fresh.result
      return true
    }
    guard let chosen else {
      report(
        .noSuchOverload(
          function: name,
          arguments: types.map { substitution.resolved($0) },
          candidates: overloads.map {
            "\(name)(\($0.parameters.map(\.description).joined(separator: ", ")))"
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
      return result
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
    return result
  }

  /// Reads the literals that are compiled when the policy is loaded.
  mutating func checkConstants(_ function: String, _ arguments: [Expression]) {
    // In CEL without declarations, what fails at run time may still be absorbed by `||`.
    guard typing == .strict else { return }
    for (position, argument) in arguments.enumerated() {
      guard case .literal(.string(let text)) = argument.form else {
        // Money comes from the policy alone: an amount that a request could choose bounds nothing.
        if function == "usd" { report(.notConstant(function: function), at: argument.range) }
        continue
      }
      if let issue = ConstantText.issue(in: text, of: function, at: position) {
        report(issue, at: argument.range)
      }
    }
  }
}
