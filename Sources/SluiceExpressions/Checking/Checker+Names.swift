// Names.
extension Checker {
  /// A chain of plain names, `request.model`, that may be one declared name.
  struct Path {
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
  func path(_ node: Expression) -> Path? {
    guard let path = Path(node) else { return nil }
    let isLocal = !path.isRooted && locals.contains { $0.name == path.segments[0] }
    return isLocal ? nil : path
  }

  /// The full names that a path may stand for, innermost namespace first.
  func candidates(_ path: Path) -> [String] {
    guard !path.isRooted, !environment.container.isEmpty else { return [path.name] }
    var container = environment.container.split(separator: ".")
    var names: [String] = []
    while !container.isEmpty {
      names.append("\(container.joined(separator: ".")).\(path.name)")
      container.removeLast()
    }
    return names + [path.name]
  }

  func isDeclared(_ path: Path) -> Bool {
    candidates(path)
      .contains {
        environment.variables[$0] != nil || CELType.named[$0] != nil
      }
  }

  /// The type of what a path names as a whole; `nil` if it names nothing.
  mutating func resolve(_ path: Path, at node: Expression) -> CELType? {
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

  mutating func reportPhase(
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

  mutating func unknown(_ path: Path, at node: Expression) -> CELType {
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

  mutating func select(
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
    let type = visit(operand)
    let held = unwrapped(type)
    // A field of an optional is an optional again.
    return held == type ? fieldType(of: type, field) : .optional(fieldType(of: held, field))
  }

  mutating func fieldType(of operand: CELType, _ field: Expression.Field) -> CELType {
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

  mutating func presence(
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
    _ = fieldType(of: unwrapped(visit(operand)), field)
    return .bool
  }
}
