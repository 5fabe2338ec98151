internal import SluiceCore

// Arithmetic never wraps: what leaves the range of its type is an error of the expression.
extension FixedWidthInteger {
  func checkedAdd(_ other: Self) throws(EvaluationError) -> Self {
    let (sum, overflowed) = addingReportingOverflow(other)
    guard !overflowed else { throw .overflow }
    return sum
  }

  func checkedSubtract(_ other: Self) throws(EvaluationError) -> Self {
    let (difference, overflowed) = subtractingReportingOverflow(other)
    guard !overflowed else { throw .overflow }
    return difference
  }

  func checkedMultiply(_ other: Self) throws(EvaluationError) -> Self {
    let (product, overflowed) = multipliedReportingOverflow(by: other)
    guard !overflowed else { throw .overflow }
    return product
  }

  func checkedDivide(_ other: Self) throws(EvaluationError) -> Self {
    guard other != 0 else { throw .divisionByZero }
    let (quotient, overflowed) = dividedReportingOverflow(by: other)
    guard !overflowed else { throw .overflow }
    return quotient
  }

  func checkedRemainder(_ other: Self) throws(EvaluationError) -> Self {
    guard other != 0 else { throw .divisionByZero }
    let (remainder, overflowed) = remainderReportingOverflow(dividingBy: other)
    guard !overflowed else { throw .overflow }
    return remainder
  }
}

extension Value {
  func adding(_ other: Value) throws(EvaluationError) -> Value {
    switch (self, other) {
    case (.int(let left), .int(let right)): return .int(try left.checkedAdd(right))
    case (.uint(let left), .uint(let right)): return .uint(try left.checkedAdd(right))
    case (.double(let left), .double(let right)): return .double(left + right)
    case (.money(let left), .money(let right)):
      return .money(NanoDollars(try left.count.checkedAdd(right.count)))
    case (.duration(let left), .duration(let right)):
      return .duration(try left.checkedAdd(right))
    case (.timestamp(let time), .duration(let duration)),
      (.duration(let duration), .timestamp(let time)):
      guard let sum = time.advanced(by: duration) else { throw .overflow }
      return .timestamp(sum)
    case (.string(let left), .string(let right)):
      try Size.check(left.utf8.count + right.utf8.count)
      return .string(left + right)
    case (.bytes(let left), .bytes(let right)):
      try Size.check(left.count + right.count)
      return .bytes(left + right)
    case (.list(let left), .list(let right)):
      try Size.checkElements(left.count + right.count)
      return .list(left + right)
    default: throw .noSuchOverload("+")
    }
  }

  func subtracting(_ other: Value) throws(EvaluationError) -> Value {
    switch (self, other) {
    case (.int(let left), .int(let right)): return .int(try left.checkedSubtract(right))
    case (.uint(let left), .uint(let right)): return .uint(try left.checkedSubtract(right))
    case (.double(let left), .double(let right)): return .double(left - right)
    case (.money(let left), .money(let right)):
      return .money(NanoDollars(try left.count.checkedSubtract(right.count)))
    case (.duration(let left), .duration(let right)):
      return .duration(try left.checkedSubtract(right))
    case (.timestamp(let time), .duration(let duration)):
      let (opposite, overflowed) = (0 as Int64).subtractingReportingOverflow(duration)
      guard !overflowed, let difference = time.advanced(by: opposite) else { throw .overflow }
      return .timestamp(difference)
    case (.timestamp(let left), .timestamp(let right)):
      guard let difference = left.nanoseconds(since: right) else { throw .overflow }
      return .duration(difference)
    default: throw .noSuchOverload("-")
    }
  }

  func multiplied(by other: Value) throws(EvaluationError) -> Value {
    switch (self, other) {
    case (.int(let left), .int(let right)): .int(try left.checkedMultiply(right))
    case (.uint(let left), .uint(let right)): .uint(try left.checkedMultiply(right))
    case (.double(let left), .double(let right)): .double(left * right)
    case (.money(let amount), .int(let factor)), (.int(let factor), .money(let amount)):
      .money(NanoDollars(try amount.count.checkedMultiply(factor)))
    default: throw .noSuchOverload("*")
    }
  }

  func divided(by other: Value) throws(EvaluationError) -> Value {
    switch (self, other) {
    case (.int(let left), .int(let right)): .int(try left.checkedDivide(right))
    case (.uint(let left), .uint(let right)): .uint(try left.checkedDivide(right))
    case (.double(let left), .double(let right)): .double(left / right)
    default: throw .noSuchOverload("/")
    }
  }

  func remainder(dividingBy other: Value) throws(EvaluationError) -> Value {
    switch (self, other) {
    case (.int(let left), .int(let right)): .int(try left.checkedRemainder(right))
    case (.uint(let left), .uint(let right)): .uint(try left.checkedRemainder(right))
    default: throw .noSuchOverload("%")
    }
  }

  func negated() throws(EvaluationError) -> Value {
    switch self {
    case .int(let value): .int(try (0 as Int64).checkedSubtract(value))
    case .double(let value): .double(-value)
    case .money(let amount):
      .money(NanoDollars(try (0 as Int64).checkedSubtract(amount.count)))
    default: throw .noSuchOverload("-")
    }
  }
}

/// Keeps what an expression builds within its bound.
enum Size {
  static func check(_ count: Int) throws(EvaluationError) {
    guard count <= Bounds.expressionValueBytes else { throw .tooMuchWork }
  }

  // No more elements than could be gone through.
  static func checkElements(_ count: Int) throws(EvaluationError) {
    guard count <= Bounds.expressionTurns else { throw .tooMuchWork }
  }
}
