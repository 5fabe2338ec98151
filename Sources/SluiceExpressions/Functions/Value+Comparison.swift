/// How two values of one order stand to each other.
enum Order: Sendable {
  case less, equal, greater
  /// One of them is not a number.
  case unordered

  func isAny(of one: Order, _ other: Order) -> Bool { self == one || self == other }

  init<Number: Comparable>(_ left: Number, _ right: Number) {
    self = left < right ? .less : left > right ? .greater : left == right ? .equal : .unordered
  }
}

extension Value {
  /// CEL's equality: numbers are equal by their value whatever their type, values of different
  /// types are not equal, and nothing fails.
  func equals(_ other: Value) -> Bool {
    switch (self, other) {
    case (.list(let left), .list(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
    case (.map(let left), .map(let right)):
      return left.count == right.count
        && left.entries.allSatisfy { right[$0.key]?.equals($0.value) ?? false }
    case (.optional(let left?), .optional(let right?)): return left.equals(right)
    default:
      if let order = numericOrder(to: other) { return order == .equal }
      return self == other
    }
  }

  /// CEL's order, which numbers of all types share.
  func order(to other: Value, _ symbol: String) throws(EvaluationError) -> Order {
    switch (self, other) {
    case (.string(let left), .string(let right)):
      // UTF-8 orders as the code points do.
      if left.hasSameCodePoints(as: right) { return .equal }
      return left.utf8.lexicographicallyPrecedes(right.utf8) ? .less : .greater
    case (.bytes(let left), .bytes(let right)):
      if left == right { return .equal }
      return left.lexicographicallyPrecedes(right) ? .less : .greater
    case (.bool(let left), .bool(let right)): return Order(left ? 1 : 0, right ? 1 : 0)
    case (.timestamp(let left), .timestamp(let right)): return Order(left, right)
    case (.duration(let left), .duration(let right)): return Order(left, right)
    case (.money(let left), .money(let right)): return Order(left, right)
    default:
      guard let order = numericOrder(to: other) else { throw .noSuchOverload(symbol) }
      return order
    }
  }

  /// The order of two numbers; `nil` if one is none.
  ///
  /// Against a double, whole numbers are rounded to one: the conformance tests of CEL want 2^63 - 1
  /// and 2^63 as a double to be equal.
  private func numericOrder(to other: Value) -> Order? {
    switch (self, other) {
    case (.int(let left), .int(let right)): Order(left, right)
    case (.uint(let left), .uint(let right)): Order(left, right)
    case (.double(let left), .double(let right)): Order(left, right)
    case (.int(let left), .uint(let right)): left < 0 ? .less : Order(UInt64(left), right)
    case (.uint(let left), .int(let right)): right < 0 ? .greater : Order(left, UInt64(right))
    case (.int(let left), .double(let right)): Order(Double(left), right)
    case (.double(let left), .int(let right)): Order(left, Double(right))
    case (.uint(let left), .double(let right)): Order(Double(left), right)
    case (.double(let left), .uint(let right)): Order(left, Double(right))
    default: nil
    }
  }

  /// Whether `element in self` holds.
  func contains(_ element: Value) throws(EvaluationError) -> Bool {
    switch self {
    case .list(let elements): return elements.contains { $0.equals(element) }
    case .map(let map): return map[element] != nil
    default: throw .noSuchOverload("in")
    }
  }

  /// What `self[key]` is.
  func element(at key: Value) throws(EvaluationError) -> Value {
    switch self {
    case .map(let map):
      guard let found = map[key] else { throw .noSuchKey(nil) }
      return found
    case .list(let elements):
      guard let index = key.wholeNumber else { throw .noSuchOverload("[]") }
      guard elements.indices.contains(index) else { throw .indexOutOfRange }
      return elements[index]
    default: throw .noSuchOverload("[]")
    }
  }

  /// What `self[?key]` is: an optional, which is empty where there is nothing.
  func optionalElement(at key: Value) throws(EvaluationError) -> Value {
    switch self {
    case .optional(nil): return self
    case .optional(let held?): return try held.optionalElement(at: key)
    case .map(let map): return .optional(map[key])
    case .list(let elements):
      guard let index = key.wholeNumber else { throw .noSuchOverload("[?]") }
      return .optional(elements.indices.contains(index) ? elements[index] : nil)
    default: throw .noSuchOverload("[?]")
    }
  }

  /// What an optional holds; for all other values the value itself.
  var unwrapped: Value? {
    if case .optional(let held) = self { held } else { self }
  }

  /// What this optional holds.
  func held() throws(EvaluationError) -> Value? {
    guard case .optional(let held) = self else { throw .noSuchOverload("?") }
    return held
  }

  private var wholeNumber: Int? {
    switch self {
    case .int(let value): Int(exactly: value)
    case .uint(let value): Int(exactly: value) ?? .max
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// What a macro of two variables goes through: indices and elements, or keys and values.
  func pairs() throws(EvaluationError) -> [ValueMap.Entry] {
    switch self {
    case .list(let elements):
      return elements.enumerated().map { ValueMap.Entry(key: .int(Int64($0)), value: $1) }
    case .map(let map): return map.entries
    default: throw .noSuchOverload("a macro")
    }
  }

  /// What a macro goes through: the elements of a list, the keys of a map.
  func elements() throws(EvaluationError) -> [Value] {
    switch self {
    case .list(let elements): return elements
    case .map(let map): return map.keyValues
    default: throw .noSuchOverload("a macro")
    }
  }
}
