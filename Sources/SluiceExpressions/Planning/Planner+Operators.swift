// Comparison, arithmetic and membership.
extension Planner {
  func binary(
    _ binaryOperator: Expression.BinaryOperator,
    _ leftNode: Expression,
    _ rightNode: Expression
  ) -> Step {
    let left = plan(leftNode)
    let right = plan(rightNode)
    if let one = left.known, let other = right.known {
      return folded { () throws(EvaluationError) in try binaryOperator.apply(one, other) }
    }
    switch (trustedType(of: leftNode), trustedType(of: rightNode)) {
    case (.int, .int):
      if let comparison = binaryOperator.comparison {
        let run = compareInts(comparison, left, right)
        return .bool(bounded(comparison, leftNode, left, rightNode, right, run))
      }
      if let step = calculateInts(binaryOperator, left.int, right.int) { return .int(step) }
    case (.double, .double):
      if let comparison = binaryOperator.comparison {
        return .bool(compareDoubles(comparison, left.double, right.double))
      }
      if let step = calculateDoubles(binaryOperator, left.double, right.double) {
        return .double(step)
      }
    case (.string, .string):
      if binaryOperator == .equal { return .bool(stringEquality(left, right)) }
      if binaryOperator == .notEqual {
        let equal = stringEquality(left, right)
        return .bool { (frame) throws(EvaluationError) in !(try equal(&frame)) }
      }
    case (.bool, .bool):
      let left = left.bool
      let right = right.bool
      if binaryOperator == .equal {
        return .bool { (frame) throws(EvaluationError) in try left(&frame) == right(&frame) }
      }
      if binaryOperator == .notEqual {
        return .bool { (frame) throws(EvaluationError) in try left(&frame) != right(&frame) }
      }
    default: break
    }
    if binaryOperator == .isIn {
      return membership(left, in: right, type: trustedType(of: leftNode))
    }
    return general(binaryOperator, left, right)
  }

  private func general(
    _ binaryOperator: Expression.BinaryOperator,
    _ left: Step,
    _ right: Step
  ) -> Step {
    let left = left.value
    let right = right.value
    if let comparison = binaryOperator.comparison {
      return .bool { (frame) throws(EvaluationError) in
        let left = try left(&frame)
        let right = try right(&frame)
        try frame.charge(for: left)
        return try comparison.holds(left, right)
      }
    }
    return .value { (frame) throws(EvaluationError) in
      let left = try left(&frame)
      let right = try right(&frame)
      try frame.charge(for: left)
      try frame.charge(for: right)
      return try frame.charge(building: try binaryOperator.apply(left, right))
    }
  }

  // A closure for each operator, so that none is looked at when it runs.
  private func compareInts(_ comparison: Comparison, _ left: Step, _ right: Step) -> Run<Bool> {
    if case .slot(let slot) = left, case .constant(.int(let constant)) = right {
      return compareSlot(comparison, slot, constant)
    }
    if case .constant(.int(let constant)) = left, case .slot(let slot) = right {
      return compareSlot(comparison.mirrored, slot, constant)
    }
    let left = left.int
    let right = right.int
    return switch comparison {
    case .equal: { (frame) throws(EvaluationError) in try left(&frame) == right(&frame) }
    case .notEqual: { (frame) throws(EvaluationError) in try left(&frame) != right(&frame) }
    case .less: { (frame) throws(EvaluationError) in try left(&frame) < right(&frame) }
    case .lessOrEqual: { (frame) throws(EvaluationError) in try left(&frame) <= right(&frame) }
    case .greater: { (frame) throws(EvaluationError) in try left(&frame) > right(&frame) }
    case .greaterOrEqual: { (frame) throws(EvaluationError) in try left(&frame) >= right(&frame) }
    }
  }

  /// Tries to decide a comparison from what is known before a slot is computed.
  private func bounded(
    _ comparison: Comparison,
    _ leftNode: Expression,
    _ left: Step,
    _ rightNode: Expression,
    _ right: Step,
    _ run: @escaping Run<Bool>
  ) -> Run<Bool> {
    if case .constant(.int(let constant)) = right {
      return bounded(comparison, leftNode, constant, run)
    }
    if case .constant(.int(let constant)) = left {
      return bounded(comparison.mirrored, rightNode, constant, run)
    }
    return run
  }

  private func bounded(
    _ comparison: Comparison,
    _ node: Expression,
    _ constant: Int64,
    _ run: @escaping Run<Bool>
  ) -> Run<Bool> {
    guard case .variable(let variable) = expression.reference(of: node), variable.hasBounds else {
      return run
    }
    let slot = variable.slot
    return { (frame) throws(EvaluationError) in
      if let bounds = frame.bounds(at: slot),
        let answer = comparison.decided(for: bounds, constant)
      {
        return answer
      }
      return try run(&frame)
    }
  }

  private func compareSlot(
    _ comparison: Comparison,
    _ slot: Int,
    _ constant: Int64
  ) -> Run<Bool> {
    switch comparison {
    case .equal: { (frame) throws(EvaluationError) in try frame.int(at: slot) == constant }
    case .notEqual: { (frame) throws(EvaluationError) in try frame.int(at: slot) != constant }
    case .less: { (frame) throws(EvaluationError) in try frame.int(at: slot) < constant }
    case .lessOrEqual: { (frame) throws(EvaluationError) in try frame.int(at: slot) <= constant }
    case .greater: { (frame) throws(EvaluationError) in try frame.int(at: slot) > constant }
    case .greaterOrEqual:
      { (frame) throws(EvaluationError) in try frame.int(at: slot) >= constant }
    }
  }

  private func compareDoubles(
    _ comparison: Comparison,
    _ left: @escaping Run<Double>,
    _ right: @escaping Run<Double>
  ) -> Run<Bool> {
    switch comparison {
    case .equal: { (frame) throws(EvaluationError) in try left(&frame) == right(&frame) }
    case .notEqual: { (frame) throws(EvaluationError) in try left(&frame) != right(&frame) }
    case .less: { (frame) throws(EvaluationError) in try left(&frame) < right(&frame) }
    case .lessOrEqual: { (frame) throws(EvaluationError) in try left(&frame) <= right(&frame) }
    case .greater: { (frame) throws(EvaluationError) in try left(&frame) > right(&frame) }
    case .greaterOrEqual: { (frame) throws(EvaluationError) in try left(&frame) >= right(&frame) }
    }
  }

  private func stringEquality(_ left: Step, _ right: Step) -> Run<Bool> {
    switch (left, right) {
    case (.slot(let slot), .constant(.string(let constant))),
      (.constant(.string(let constant)), .slot(let slot)):
      let known = KnownText(constant)
      return { (frame) throws(EvaluationError) in try frame.string(at: slot, is: known) }
    default:
      let left = left.string
      let right = right.string
      return { (frame) throws(EvaluationError) in
        try left(&frame).hasSameCodePoints(as: right(&frame))
      }
    }
  }

  private func calculateInts(
    _ binaryOperator: Expression.BinaryOperator,
    _ left: @escaping Run<Int64>,
    _ right: @escaping Run<Int64>
  ) -> Run<Int64>? {
    switch binaryOperator {
    case .add:
      { (frame) throws(EvaluationError) in try left(&frame).checkedAdd(right(&frame)) }
    case .subtract:
      { (frame) throws(EvaluationError) in try left(&frame).checkedSubtract(right(&frame)) }
    case .multiply:
      { (frame) throws(EvaluationError) in try left(&frame).checkedMultiply(right(&frame)) }
    case .divide:
      { (frame) throws(EvaluationError) in try left(&frame).checkedDivide(right(&frame)) }
    case .remainder:
      { (frame) throws(EvaluationError) in try left(&frame).checkedRemainder(right(&frame)) }
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn: nil
    }
  }

  private func calculateDoubles(
    _ binaryOperator: Expression.BinaryOperator,
    _ left: @escaping Run<Double>,
    _ right: @escaping Run<Double>
  ) -> Run<Double>? {
    switch binaryOperator {
    case .add: { (frame) throws(EvaluationError) in try left(&frame) + right(&frame) }
    case .subtract: { (frame) throws(EvaluationError) in try left(&frame) - right(&frame) }
    case .multiply: { (frame) throws(EvaluationError) in try left(&frame) * right(&frame) }
    case .divide: { (frame) throws(EvaluationError) in try left(&frame) / right(&frame) }
    case .remainder, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn:
      nil
    }
  }

  /// `element in collection`; a constant list of strings is looked up by hash.
  private func membership(_ element: Step, in collection: Step, type: CELType) -> Step {
    if case .constant(.list(let elements)) = collection, type == .string {
      let strings = elements.compactMap {
        if case .string(let text) = $0 { text } else { nil }
      }
      if strings.count == elements.count { return .bool(isOne(of: strings, element.string)) }
    }
    if case .constant(.string(let key)) = element {
      let collection = collection.value
      let known = KnownText(key)
      return .bool { (frame) throws(EvaluationError) in
        let collection = try collection(&frame)
        if case .map(let map) = collection { return map.hasKey(known) }
        try frame.charge(for: collection)
        return try collection.contains(.string(key))
      }
    }
    let element = element.value
    let collection = collection.value
    return .bool { (frame) throws(EvaluationError) in
      let element = try element(&frame)
      let collection = try collection(&frame)
      if case .list = collection { try frame.charge(for: collection) }
      return try collection.contains(element)
    }
  }

  private func isOne(of strings: [String], _ element: @escaping Run<String>) -> Run<Bool> {
    if strings.count <= 4 {
      let strings = strings.map(KnownText.init)
      return { (frame) throws(EvaluationError) in
        let element = try element(&frame)
        for string in strings where string.isSame(as: element) { return true }
        return false
      }
    }
    let set = Set(strings.map(CodePoints.init))
    return { (frame) throws(EvaluationError) in set.contains(CodePoints(try element(&frame))) }
  }
}

/// The operators that compare, apart from those that calculate.
enum Comparison: Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

  /// The same comparison with its sides exchanged.
  var mirrored: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }

  /// The answer for all of `bounds` against `constant`; `nil` if it is not one answer.
  func decided(for bounds: ClosedRange<Int64>, _ constant: Int64) -> Bool? {
    switch self {
    case .less:
      bounds.upperBound < constant ? true : bounds.lowerBound >= constant ? false : nil
    case .lessOrEqual:
      bounds.upperBound <= constant ? true : bounds.lowerBound > constant ? false : nil
    case .greater: Comparison.lessOrEqual.decided(for: bounds, constant).map { !$0 }
    case .greaterOrEqual: Comparison.less.decided(for: bounds, constant).map { !$0 }
    case .equal:
      if !bounds.contains(constant) {
        false
      } else {
        bounds.lowerBound == bounds.upperBound ? true : nil
      }
    case .notEqual: Comparison.equal.decided(for: bounds, constant).map { !$0 }
    }
  }

  func holds(_ left: Value, _ right: Value) throws(EvaluationError) -> Bool {
    switch self {
    case .equal: left.equals(right)
    case .notEqual: !left.equals(right)
    case .less: try left.order(to: right, "<") == .less
    case .lessOrEqual: try left.order(to: right, "<=").isAny(of: .less, .equal)
    case .greater: try left.order(to: right, ">") == .greater
    case .greaterOrEqual: try left.order(to: right, ">=").isAny(of: .greater, .equal)
    }
  }
}

extension Expression.BinaryOperator {
  var comparison: Comparison? {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    case .isIn, .add, .subtract, .multiply, .divide, .remainder: nil
    }
  }

  /// The operator on values of any type.
  func apply(_ left: Value, _ right: Value) throws(EvaluationError) -> Value {
    switch self {
    case .equal: .bool(left.equals(right))
    case .notEqual: .bool(!left.equals(right))
    case .less: .bool(try Comparison.less.holds(left, right))
    case .lessOrEqual: .bool(try Comparison.lessOrEqual.holds(left, right))
    case .greater: .bool(try Comparison.greater.holds(left, right))
    case .greaterOrEqual: .bool(try Comparison.greaterOrEqual.holds(left, right))
    case .isIn: .bool(try right.contains(left))
    case .add: try left.adding(right)
    case .subtract: try left.subtracting(right)
    case .multiply: try left.multiplied(by: right)
    case .divide: try left.divided(by: right)
    case .remainder: try left.remainder(dividingBy: right)
    }
  }
}
