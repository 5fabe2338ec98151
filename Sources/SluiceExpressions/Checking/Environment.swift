/// What an expression may name: variables, host functions, and the phase it runs in.
///
/// A value to build up once per phase and hand to every check. Names may be dotted; the longest
/// declared prefix of what an author wrote wins, as CEL resolves namespaces.
package struct Environment: Sendable {
  /// When an expression runs; compared by rank.
  package struct Phase: Hashable, Sendable, Comparable {
    package let rank: Int
    package let name: String

    package init(rank: Int, name: String) {
      self.rank = rank
      self.name = name
    }

    package static func == (left: Self, right: Self) -> Bool { left.rank == right.rank }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    package func hash(into hasher: inout Hasher) { hasher.combine(rank) }
  }

  package struct Variable: Sendable {
    /// Whole and dotted: `request.model`.
    package let name: String
    package let type: CELType
    /// Its place in the frame.
    package let slot: Int
    /// Where it may be used.
    package let phases: Set<Phase>
    /// Whether the frame's source can often bound it for less than it takes to compute it.
    package let hasBounds: Bool

    package init(
      _ name: String,
      _ type: CELType,
      slot: Int,
      phases: Set<Phase>,
      hasBounds: Bool = false
    ) {
      self.name = name
      self.type = type
      self.slot = slot
      self.phases = phases
      self.hasBounds = hasBounds
    }
  }

  /// A function that the host answers, such as `spend(window)` or `budget(name).remaining`.
  package struct HostFunction: Sendable {
    package let name: String
    /// The field read from the result: `remaining` in `budget(name).remaining`.
    ///
    /// For functions whose result is nothing but a thing with fields. Each field is declared as a function of its own.
    package let field: String?
    package let parameters: [CELType]
    package let result: CELType
    /// What the frame's source is asked for, beside the arguments.
    package let number: Int
    package let phases: Set<Phase>
    /// Whether all arguments must be literals, so that what is read is known when it is loaded.
    package let needsConstants: Bool
    /// Whether the host can answer at all; a call of one that cannot fails at run time.
    package let isEvaluable: Bool
    /// Whether it is called on its first argument.
    package let isMember: Bool

    package init(
      _ name: String,
      field: String? = nil,
      _ parameters: [CELType],
      returns result: CELType,
      number: Int,
      phases: Set<Phase>,
      needsConstants: Bool = false,
      isEvaluable: Bool = true,
      isMember: Bool = false
    ) {
      self.name = name
      self.field = field
      self.parameters = parameters
      self.result = result
      self.number = number
      self.phases = phases
      self.needsConstants = needsConstants
      self.isEvaluable = isEvaluable
      self.isMember = isMember
    }

    /// `budget.remaining`, `spend`.
    package var fullName: String { field.map { "\(name).\($0)" } ?? name }
  }

  package let phase: Phase
  /// The namespace that names are looked up in first; empty in policies.
  package let container: String
  private(set) var variables: [String: Variable] = [:]
  private(set) var functions: [String: [HostFunction]] = [:]

  package init(
    phase: Phase,
    variables: [Variable] = [],
    functions: [HostFunction] = [],
    container: String = ""
  ) {
    self.phase = phase
    self.container = container
    for variable in variables { declare(variable) }
    for function in functions { declare(function) }
  }

  /// Declares a variable.
  ///
  /// Declaring a name twice is a mistake of the host.
  package mutating func declare(_ variable: Variable) {
    let previous = variables.updateValue(variable, forKey: variable.name)
    precondition(previous == nil, "the variable '\(variable.name)' is declared twice")
  }

  /// Declares a host function; several of one name are overloads, or fields of its result.
  package mutating func declare(_ function: HostFunction) {
    functions[function.name, default: []].append(function)
  }

  /// The slot of a declared variable.
  package func slot(of name: String) -> Int? { variables[name]?.slot }

  /// How many slots a frame for this environment needs.
  package var slotCount: Int { variables.values.reduce(0) { max($0, $1.slot + 1) } }

  /// The names of the variables that exist in this phase, sorted.
  package var available: [String] {
    variables.values.filter { $0.phases.contains(phase) }.map(\.name).sorted()
  }
}
