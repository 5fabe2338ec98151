/// A value out of the few that a condition names: what an index can look up.
///
/// Texts are the same here if CEL finds them the same, code point by code point: what was looked up
/// need not be compared again.
package enum FiniteValue: Hashable, Sendable {
  case text(String)
  case flag(Bool)

  package static func == (left: FiniteValue, right: FiniteValue) -> Bool {
    switch (left, right) {
    case (.text(let left), .text(let right)): left.hasSameCodePoints(as: right)
    case (.flag(let left), .flag(let right)): left == right
    case (.text, .flag), (.flag, .text): false
    }
  }

  // Equal code points are canonically equivalent, so Swift's own hash agrees with `==`.
  package func hash(into hasher: inout Hasher) {
    switch self {
    case .text(let text): hasher.combine(text)
    case .flag(let flag): hasher.combine(flag)
    }
  }

  package init?(_ value: Value) {
    switch value {
    case .string(let text): self = .text(text)
    case .bool(let flag): self = .flag(flag)
    default: return nil
    }
  }
}

extension CheckedExpression {
  /// By slot, the only values with which this condition can hold.
  ///
  /// A variable whose value is none of its set makes the condition false whatever else is in it: a
  /// false operand decides an `&&` even where another has no value. A variable that has no value
  /// says nothing. Found in `&&` and `||` over `variable == "literal"`, `variable in ["literal"]`,
  /// flags and their negation; anything else adds nothing.
  ///
  /// Complexity: linear in the nodes, times the values that they name.
  package var requirements: [Int: Set<FiniteValue>] {
    // With `dyn` about, a comparison may run as one that is charged for, and fail for that.
    isFullyTyped ? requirements(of: root) : [:]
  }

  /// What is left to evaluate where each of `slots` is known to hold one of the values that
  /// `requirements` has of it.
  ///
  /// The operands of the outermost `&&` that compare such a slot with literals are true there, and
  /// neither fail nor count as work.
  package func remainder(settled slots: Set<Int>) -> Remainder {
    var operands: [Expression] = []
    func gather(_ node: Expression) {
      if case .logical(.and, let inner) = node.form {
        for operand in inner { gather(operand) }
      } else if !isFullyTyped || !isSettled(node, by: slots) {
        operands.append(node)
      }
    }
    gather(root)
    return Remainder(expression: self, operands: operands)
  }

  /// What is left of a condition: operands of which all must hold.
  package struct Remainder: Sendable {
    fileprivate let expression: CheckedExpression
    fileprivate let operands: [Expression]

    /// The same only for remainders that evaluate alike.
    package var text: String { operands.map(\.description).joined(separator: "\n") }

    /// What evaluates it; `nil` if nothing is left, so that it always holds.
    package func program() -> Program? {
      operands.isEmpty ? nil : expression.program(ofAll: operands)
    }
  }

  /// Whether a node says no more than which values one of `slots` may have.
  private func isSettled(_ node: Expression, by slots: Set<Int>) -> Bool {
    switch node.form {
    case .binary(.equal, _, _), .binary(.isIn, _, _), .unary(.not, _), .name, .select:
      let slot = requirements(of: node).keys.first
      return slot.map { slots.contains($0) } ?? false
    default: return false
    }
  }

  private func requirements(of node: Expression) -> [Int: Set<FiniteValue>] {
    switch node.form {
    case .logical(.and, let operands):
      return operands.reduce(into: [:]) { all, operand in
        all.merge(requirements(of: operand)) { $0.intersection($1) }
      }
    case .logical(.or, let operands):
      guard let first = operands.first else { return [:] }
      return operands.dropFirst()
        .reduce(requirements(of: first)) { some, operand in
          let other = requirements(of: operand)
          return some.reduce(into: [:]) { both, known in
            both[known.key] = other[known.key].map { $0.union(known.value) }
          }
        }
    case .binary(.equal, let left, let right):
      guard
        let (variable, other) = slot(left).map({ ($0, right) }) ?? slot(right).map({ ($0, left) }),
        let value = literal(other)
      else { return [:] }
      return [variable: [value]]
    case .binary(.isIn, let element, let collection):
      guard let variable = slot(element), case .list(let elements) = collection.form else {
        return [:]
      }
      let values = elements.compactMap(literal)
      return values.count == elements.count ? [variable: Set(values)] : [:]
    case .unary(.not, let operand): return slot(operand).map { [$0: [.flag(false)]] } ?? [:]
    case .name, .select: return slot(node).map { [$0: [.flag(true)]] } ?? [:]
    default: return [:]
    }
  }

  private func slot(_ node: Expression) -> Int? {
    guard case .variable(let variable) = reference(of: node) else { return nil }
    return variable.slot
  }

  private func literal(_ node: Expression) -> FiniteValue? {
    guard case .literal(let value) = node.form else { return nil }
    return FiniteValue(value)
  }
}
