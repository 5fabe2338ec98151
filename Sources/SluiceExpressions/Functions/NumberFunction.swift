/// The functions in the namespace `math`.
enum NumberFunction {
  static func named(_ name: String, _ count: Int) -> StandardFunction? {
    switch (name, count) {
    case ("math.greatest", 1...), ("math.least", 1...):
      .variadic { (numbers) throws(EvaluationError) in
        try extreme(name, numbers, isGreatest: name == "math.greatest")
      }
    case ("math.abs", 1): .unary(absolute)
    case ("math.sign", 1): .unary(sign)
    case ("math.sqrt", 1):
      .unary { (value) throws(EvaluationError) in
        guard value.isNumber else { throw .noSuchOverload(name) }
        return .double(try value.toDouble().squareRoot())
      }
    case ("math.ceil", 1): rounding(name, .up)
    case ("math.floor", 1): rounding(name, .down)
    case ("math.round", 1): rounding(name, .toNearestOrAwayFromZero)
    case ("math.trunc", 1): rounding(name, .towardZero)
    case ("math.isNaN", 1): test(name, \.isNaN)
    case ("math.isInf", 1): test(name, \.isInfinite)
    case ("math.isFinite", 1): test(name, \.isFinite)
    case ("math.bitNot", 1):
      .unary { (value) throws(EvaluationError) in
        switch value {
        case .int(let value): .int(~value)
        case .uint(let value): .uint(~value)
        default: throw .noSuchOverload(name)
        }
      }
    case ("math.bitAnd", 2): bits(name, { $0 & $1 })
    case ("math.bitOr", 2): bits(name, { $0 | $1 })
    case ("math.bitXor", 2): bits(name, { $0 ^ $1 })
    case ("math.bitShiftLeft", 2): shift(name) { $0 << $1 }
    case ("math.bitShiftRight", 2): shift(name) { $0 >> $1 }
    default: nil
    }
  }

  private static func extreme(
    _ name: String,
    _ arguments: [Value],
    isGreatest: Bool
  ) throws(EvaluationError) -> Value {
    var numbers = arguments
    if arguments.count == 1, case .list(let elements) = arguments[0] { numbers = elements }
    guard var best = numbers.first, numbers.allSatisfy(\.isNumber) else {
      throw .noSuchOverload(name)
    }
    for number in numbers.dropFirst()
    where try number.order(to: best, name) == (isGreatest ? .greater : .less) {
      best = number
    }
    return best
  }

  private static func absolute(_ value: Value) throws(EvaluationError) -> Value {
    switch value {
    case .int(let number): .int(number < 0 ? try (0 as Int64).checkedSubtract(number) : number)
    case .uint: value
    case .double(let number): .double(number.magnitude)
    default: throw .noSuchOverload("math.abs")
    }
  }

  private static func sign(_ value: Value) throws(EvaluationError) -> Value {
    switch value {
    case .int(let number): .int(number.signum())
    case .uint(let number): .uint(number == 0 ? 0 : 1)
    case .double(let number):
      // Neither zero nor what is no number has a sign.
      .double(number.isNaN || number == 0 ? number : number < 0 ? -1 : 1)
    default: throw .noSuchOverload("math.sign")
    }
  }

  private static func rounding(
    _ name: String,
    _ rule: FloatingPointRoundingRule
  ) -> StandardFunction {
    .unary { (value) throws(EvaluationError) in
      guard case .double(let number) = value else { throw .noSuchOverload(name) }
      return .double(number.rounded(rule))
    }
  }

  private static func test(
    _ name: String,
    _ body: @escaping @Sendable (Double) -> Bool
  ) -> StandardFunction {
    .unary { (value) throws(EvaluationError) in
      guard case .double(let number) = value else { throw .noSuchOverload(name) }
      return .bool(body(number))
    }
  }

  private static func bits(
    _ name: String,
    _ body: @escaping @Sendable (UInt64, UInt64) -> UInt64
  ) -> StandardFunction {
    .binary { (left, right) throws(EvaluationError) in
      switch (left, right) {
      case (.int(let left), .int(let right)):
        .int(Int64(bitPattern: body(UInt64(bitPattern: left), UInt64(bitPattern: right))))
      case (.uint(let left), .uint(let right)): .uint(body(left, right))
      default: throw .noSuchOverload(name)
      }
    }
  }

  /// Shifts fill up with zeros, also those of an int to the right; all bits may be shifted out.
  private static func shift(
    _ name: String,
    _ body: @escaping @Sendable (UInt64, UInt64) -> UInt64
  ) -> StandardFunction {
    .binary { (value, offset) throws(EvaluationError) in
      guard case .int(let offset) = offset else { throw .noSuchOverload(name) }
      guard let distance = UInt64(exactly: offset) else {
        throw .invalidArgument("a shift by a negative number")
      }
      return switch value {
      case .int(let bits): .int(Int64(bitPattern: body(UInt64(bitPattern: bits), distance)))
      case .uint(let bits): .uint(body(bits, distance))
      default: throw .noSuchOverload(name)
      }
    }
  }
}

extension Value {
  var isNumber: Bool {
    switch self {
    case .int, .uint, .double: true
    default: false
    }
  }
}
