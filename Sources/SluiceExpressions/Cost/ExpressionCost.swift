internal import SluiceCore

/// What an expression may cost at worst, told from its text alone.
///
/// A unit is about what one step of a program costs, or the reading of sixteen bytes. Loops cost
/// their body for each element that there can be; how long texts and lists can be is told by the
/// host for its variables and followed through the functions. Nothing is assumed of which operand
/// of an `&&` decides. Parts that a program would compute once are counted each time they stand
/// in a loop: the bound errs on the safe side.
package struct ExpressionCost: Sendable {
  /// A part that makes a share of the cost.
  package struct Contributor: Sendable, Equatable {
    /// The Unicode scalars of the source text.
    package let range: Range<Int>
    package let cost: Double
  }

  /// Nodes of the syntax tree.
  package let nodes: Int
  /// Loops that stand inside one another.
  package let loops: Int
  /// Units, all loops multiplied out; infinite where it passes all numbers.
  package let worst: Double
  /// What costs most, the dearest first: parts that do not hold each other.
  package let contributors: [Contributor]
}

extension CheckedExpression {
  /// What this expression may cost at worst.
  ///
  /// `bytes` tells how long a variable can be, by its name.
  package func cost(bytes: @escaping (String) -> Int) -> ExpressionCost {
    var estimate = CostEstimate(expression: self, bytes: bytes)
    let total = estimate.visit(root).cost
    return ExpressionCost(
      nodes: estimate.nodes,
      loops: estimate.deepest,
      worst: total,
      contributors: estimate.dearest
    )
  }
}

/// One walk over a tree.
private struct CostEstimate {
  /// How much a value can hold.
  struct Extent {
    /// Of text, all parts counted.
    var bytes: Double = 16
    /// Elements or entries; 1 for what is no collection.
    var elements: Double = 1

    /// One element, all being of one length: what grows linearly adds up to the same.
    var element: Extent { Extent(bytes: bytes / max(1, elements)) }
    /// An element that was chosen, which may be all there is.
    var anyOne: Extent { Extent(bytes: bytes) }
    /// What going through all of it costs.
    var reading: Double { bytes / 16 + elements }
  }

  struct Visit {
    var cost: Double
    var extent = Extent()
  }

  let expression: CheckedExpression
  let bytes: (String) -> Int
  var nodes = 0
  var deepest = 0
  private var loops = 0
  /// How often the node at hand can be run.
  private var turns: Double = 1
  private var locals: [Int: Extent] = [:]
  /// What each call costs by itself, over all its turns.
  private var calls: [ExpressionCost.Contributor] = []

  init(expression: CheckedExpression, bytes: @escaping (String) -> Int) {
    self.expression = expression
    self.bytes = bytes
  }

  var dearest: [ExpressionCost.Contributor] {
    Array(calls.sorted { $0.cost > $1.cost }.prefix(3))
  }

  mutating func visit(_ node: Expression) -> Visit {
    nodes += 1
    switch node.form {
    case .literal(let value): return Visit(cost: 0, extent: value.extent)
    case .name, .select:
      if let extent = reference(node) { return Visit(cost: 1, extent: extent) }
      guard case .select(let operand, _) = node.form else { return Visit(cost: 1) }
      let inner = visit(operand)
      return Visit(cost: inner.cost + 1, extent: inner.extent.anyOne)
    case .optionalSelect(let operand, _), .presence(let operand, _):
      let inner = visit(operand)
      return Visit(cost: inner.cost + 1, extent: inner.extent.anyOne)
    case .optionalElement(let operand): return visit(operand)
    case .unary(_, let operand): return Visit(cost: visit(operand).cost + 1)
    case .index(let left, let right), .optionalIndex(let left, let right):
      let operand = visit(left)
      let key = visit(right)
      return Visit(
        cost: operand.cost + key.cost + 1 + key.extent.bytes / 16,
        extent: operand.extent.anyOne
      )
    case .binary(let binaryOperator, let left, let right):
      return binary(node, binaryOperator, visit(left), visit(right))
    case .logical(_, let operands):
      return Visit(cost: operands.reduce(0) { $0 + visit($1).cost + 1 })
    case .conditional(let condition, let then, let otherwise):
      let condition = visit(condition)
      let one = visit(then)
      let other = visit(otherwise)
      return Visit(
        cost: condition.cost + max(one.cost, other.cost) + 1,
        extent: Extent(
          bytes: max(one.extent.bytes, other.extent.bytes),
          elements: max(one.extent.elements, other.extent.elements)
        )
      )
    case .list(let elements): return gather(elements, count: elements.count)
    case .map(let entries):
      return gather(entries.flatMap { [$0.key, $0.value] }, count: entries.count)
    case .call(let function, let arguments): return call(node, function.name, arguments)
    case .memberCall(let target, let function, let arguments):
      if case .standardFunction(let name) = expression.reference(of: node) {
        return call(node, name, arguments)
      }
      if case .hostFunction = expression.reference(of: node) {
        return call(node, function.name, arguments)
      }
      return call(node, function.name, [target] + arguments)
    case .comprehension(let loop): return comprehension(node, loop)
    case .binding(let binding): return self.binding(node, binding)
    }
  }

  private func reference(_ node: Expression) -> Extent? {
    switch expression.reference(of: node) {
    case .variable(let variable):
      let bytes = Double(bytes(variable.name))
      switch variable.type {
      case .list, .map: return Extent(bytes: bytes, elements: bytes / 2)
      case .string, .bytes, .dyn, .abstract: return Extent(bytes: bytes)
      default: return Extent()
      }
    case .local(let number): return locals[number] ?? Extent()
    case .type, .hostFunction, .standardFunction, .unresolved: return Extent()
    case nil: return nil
    }
  }

  private mutating func gather(_ nodes: [Expression], count: Int) -> Visit {
    var sum = Visit(cost: Double(count), extent: Extent(bytes: 0, elements: Double(count)))
    for node in nodes {
      let visit = visit(node)
      sum.cost += visit.cost
      sum.extent.bytes += visit.extent.bytes
    }
    return sum
  }

  private mutating func binary(
    _ node: Expression,
    _ binaryOperator: Expression.BinaryOperator,
    _ left: Visit,
    _ right: Visit
  ) -> Visit {
    var own = 1.0
    var extent = Extent()
    switch binaryOperator {
    case .add:
      own += left.extent.reading + right.extent.reading
      extent.bytes = left.extent.bytes + right.extent.bytes
      extent.elements = left.extent.elements + right.extent.elements
    case .isIn: own += right.extent.reading + left.extent.reading
    // Texts of two lengths differ at once; no more is read than the shorter has.
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
      own += min(left.extent.reading, right.extent.reading)
    case .subtract, .multiply, .divide, .remainder: break
    }
    if own > 16 { note(node, own) }
    return Visit(cost: left.cost + right.cost + own, extent: extent)
  }

  private mutating func note(_ node: Expression, _ own: Double) {
    calls.append(ExpressionCost.Contributor(range: node.range, cost: own * turns))
  }

  private mutating func call(
    _ node: Expression,
    _ name: String,
    _ arguments: [Expression]
  ) -> Visit {
    let visits = arguments.map { visit($0) }
    let reading = visits.reduce(0) { $0 + $1.extent.reading }
    let first = visits.first?.extent ?? Extent()
    let rest = visits.dropFirst().reduce(0) { $0 + $1.extent.bytes }
    var own = 1.0
    // What goes in may come out.
    var extent = Extent(bytes: first.bytes, elements: first.elements)
    switch FunctionCatalog.entry(named: name)?.cost {
    case .constant, nil: break
    case .linear: own += reading
    case .pattern: own += reading * 8
    case .quadratic: own += reading * max(1, visits.map(\.extent.elements).max() ?? 1)
    case .building:
      // Each byte or element may give way to a whole argument.
      extent.bytes = min(
        first.bytes + (max(first.bytes, first.elements) + 1) * rest,
        Double(Bounds.expressionValueBytes)
      )
      own += reading + extent.bytes / 16
    }
    switch name {
    case "split": extent.elements = first.bytes + 1
    case "lists.range": extent.elements = Double(Bounds.expressionTurns)
    case "join", "format": extent.elements = 1
    case "first", "last", "value": extent = first.anyOne
    default: break
    }
    if own > 16 { note(node, own) }
    return Visit(cost: visits.reduce(own) { $0 + $1.cost }, extent: extent)
  }

  private mutating func binding(
    _ node: Expression,
    _ binding: Expression.Binding
  ) -> Visit {
    guard case .local(let first) = expression.reference(of: node) else { return Visit(cost: 1) }
    var cost = 1.0
    for (position, variable) in binding.variables.enumerated() {
      let value = visit(variable.value)
      cost += value.cost
      locals[first + position] = value.extent
    }
    let body = visit(binding.body)
    return Visit(cost: cost + body.cost, extent: body.extent)
  }

  private mutating func comprehension(
    _ node: Expression,
    _ loop: Expression.Comprehension
  ) -> Visit {
    let range = visit(loop.range)
    guard case .local(let first) = expression.reference(of: node) else { return Visit(cost: 1) }
    let isLoop = loop.kind != .optMap && loop.kind != .optFlatMap
    // No program goes through more than the turns allowed.
    let count = isLoop ? min(range.extent.elements, Double(Bounds.expressionTurns)) : 1
    locals[first] = range.extent.element
    locals[first + 1] = range.extent.element
    loops += isLoop ? 1 : 0
    deepest = max(deepest, loops)
    let outer = turns
    turns *= count
    let test = loop.predicate.map { visit($0) }
    let transform = loop.transform.map { visit($0) }
    turns = outer
    loops -= isLoop ? 1 : 0
    if count > 16 { note(node, count * 2) }
    let body = (test?.cost ?? 0) + (transform?.cost ?? 0) + 2
    var extent = Extent()
    switch loop.kind {
    case .all, .exists, .existsOne: break
    case .filter, .sortBy: extent = range.extent
    case .map, .transformList, .transformMap, .transformMapEntry, .optMap, .optFlatMap:
      extent = Extent(bytes: (transform?.extent.bytes ?? 16) * count, elements: count)
    }
    return Visit(cost: range.cost + count * body, extent: extent)
  }
}

extension Value {
  fileprivate var extent: CostEstimate.Extent {
    switch self {
    case .string(let text): CostEstimate.Extent(bytes: Double(text.utf8.count))
    case .bytes(let bytes): CostEstimate.Extent(bytes: Double(bytes.count))
    default: CostEstimate.Extent()
    }
  }
}
