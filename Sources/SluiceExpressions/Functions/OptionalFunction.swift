internal import SluiceCore

/// The functions that make optional values and look into them.
enum OptionalFunction {
  static func named(_ name: String, _ count: Int) -> StandardFunction? {
    switch (name, count) {
    case ("optional.of", 1): .unary { (value) in .optional(value) }
    case ("optional.ofNonZeroValue", 1):
      .unary { (value) in .optional(value.isZero ? nil : value) }
    case ("optional.none", 0): .variadic { (_) in .optional(nil) }
    case ("optional.unwrap", 1), ("unwrapOpt", 1):
      .unary { (value) throws(EvaluationError) in
        guard case .list(let elements) = value else { throw .noSuchOverload(name) }
        var held: [Value] = []
        for element in elements {
          if let value = try element.held() { held.append(value) }
        }
        return .list(held)
      }
    case ("hasValue", 1):
      .unary { (value) throws(EvaluationError) in .bool(try held(value, name) != nil) }
    case ("value", 1):
      .unary { (value) throws(EvaluationError) in
        guard let held = try held(value, name) else {
          throw .invalidArgument("the optional holds no value")
        }
        return held
      }
    default: nil
    }
  }

  private static func held(_ value: Value, _ name: String) throws(EvaluationError) -> Value? {
    guard case .optional(let held) = value else { throw .noSuchOverload(name) }
    return held
  }
}

extension Value {
  /// Whether this is the value that its type begins with: 0, an empty text, an empty list.
  fileprivate var isZero: Bool {
    switch self {
    case .null: true
    case .bool(let value): !value
    case .int(let value): value == 0
    case .uint(let value): value == 0
    case .double(let value): value == 0
    case .string(let value): value.isEmpty
    case .bytes(let value): value.isEmpty
    case .list(let elements): elements.isEmpty
    case .map(let map): map.count == 0
    case .timestamp(let time): time.seconds == 0 && time.nanoseconds == 0
    case .duration(let nanoseconds): nanoseconds == 0
    case .money(let amount): amount.count == 0
    case .optional(let held): held == nil
    case .ip(let address): address.isUnspecified
    case .type, .cidr: false
    }
  }
}
