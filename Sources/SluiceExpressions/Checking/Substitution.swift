/// What the type parameters of a check were found to stand for.
struct Substitution {
  private var bindings: [Int: CELType] = [:]
  private var next = 0

  /// A parameter that nothing is known of yet.
  mutating func fresh() -> CELType {
    defer { next += 1 }
    return .parameter(next)
  }

  /// Gives an overload parameters of its own, so that two calls do not share them.
  mutating func instantiate(_ overload: Overload) -> Overload {
    var names: [Int: CELType] = [:]
    func instantiate(_ type: CELType) -> CELType {
      switch type {
      case .parameter(let index):
        if let known = names[index] { return known }
        let parameter = CELType.parameter(next)
        next += 1
        names[index] = parameter
        return parameter
      case .list(let element): return .list(instantiate(element))
      case .map(let key, let value): return .map(instantiate(key), instantiate(value))
      case .type(let type): return .type(instantiate(type))
      case .abstract(let name, let parameters):
        return .abstract(name, parameters.map { instantiate($0) })
      default: return type
      }
    }
    return Overload(
      parameters: overload.parameters.map { instantiate($0) },
      result: instantiate(overload.result),
      style: overload.style
    )
  }

  /// The type at its outside: a parameter only if it is still unknown.
  func shallow(_ type: CELType) -> CELType {
    var type = type
    while case .parameter(let index) = type, let bound = bindings[index] { type = bound }
    return type
  }

  /// The type with all that is known put in, and `dyn` for what stayed unknown.
  func resolved(_ type: CELType, unknown: CELType? = .dyn) -> CELType {
    switch shallow(type) {
    case .parameter(let index): unknown ?? .parameter(index)
    case .list(let element): .list(resolved(element, unknown: unknown))
    case .map(let key, let value):
      .map(resolved(key, unknown: unknown), resolved(value, unknown: unknown))
    case .type(let type): .type(resolved(type, unknown: unknown))
    case .abstract(let name, let parameters):
      .abstract(name, parameters.map { resolved($0, unknown: unknown) })
    case let type: type
    }
  }

  /// Makes both types agree, binding parameters; what was bound stays bound also on failure, so
  /// try on a copy.
  mutating func unify(_ left: CELType, _ right: CELType) -> Bool {
    let left = shallow(left)
    let right = shallow(right)
    switch (left, right) {
    case (.parameter(let one), .parameter(let other)) where one == other: return true
    case (.parameter(let index), let type), (let type, .parameter(let index)):
      guard !occurs(index, in: type) else { return false }
      bindings[index] = type
      return true
    case (.dyn, _), (_, .dyn): return true
    case (.list(let one), .list(let other)): return unify(one, other)
    case (.map(let key, let value), .map(let otherKey, let otherValue)):
      return unify(key, otherKey) && unify(value, otherValue)
    // Types as values are all of one type: `type(1) == type("a")` is a question, not a mistake.
    case (.type, .type): return true
    case (.abstract(let name, let parameters), .abstract(let otherName, let others)):
      guard name == otherName, parameters.count == others.count else { return false }
      for (one, other) in zip(parameters, others) {
        guard unify(one, other) else { return false }
      }
      return true
    default: return left == right
    }
  }

  private func occurs(_ index: Int, in type: CELType) -> Bool {
    switch shallow(type) {
    case .parameter(let other): index == other
    case .list(let element): occurs(index, in: element)
    case .map(let key, let value): occurs(index, in: key) || occurs(index, in: value)
    case .type(let type): occurs(index, in: type)
    case .abstract(_, let parameters): parameters.contains { occurs(index, in: $0) }
    default: false
    }
  }

  /// The type of a collection that holds both: their common type, `dyn` if there is none.
  mutating func join(_ left: CELType, _ right: CELType) -> CELType {
    let (one, other) = (shallow(left), shallow(right))
    if one == .null, other.isNullable { return right }
    if other == .null, one.isNullable { return left }
    var trial = self
    guard trial.unify(left, right) else { return .dyn }
    self = trial
    return mostGeneral(left, right)
  }

  private func mostGeneral(_ left: CELType, _ right: CELType) -> CELType {
    switch (shallow(left), shallow(right)) {
    case (.dyn, _), (_, .dyn): .dyn
    case (.list(let one), .list(let other)): .list(mostGeneral(one, other))
    case (.map(let key, let value), .map(let otherKey, let otherValue)):
      .map(mostGeneral(key, otherKey), mostGeneral(value, otherValue))
    case (.abstract(let name, let parameters), .abstract(_, let others)):
      .abstract(name, zip(parameters, others).map { mostGeneral($0, $1) })
    case (let left, _): left
    }
  }
}
