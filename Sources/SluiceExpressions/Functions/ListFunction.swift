internal import SluiceCore

/// The functions of lists, and of lists taken as sets.
enum ListFunction {
  static func named(_ name: String, _ count: Int) -> StandardFunction? {
    switch (name, count) {
    case ("slice", 3): .variadic(slice)
    case ("flatten", 1): list(name) { (list) throws(EvaluationError) in try flatten(list, 1) }
    case ("flatten", 2):
      .binary { (list, depth) throws(EvaluationError) in
        guard case .list(let list) = list, case .int(let depth) = depth else {
          throw .noSuchOverload(name)
        }
        guard depth >= 0 else { throw .invalidArgument("a negative depth") }
        return .list(try flatten(list, depth))
      }
    case ("distinct", 1): list(name) { distinct($0) }
    case ("sort", 1):
      list(name) { (list) throws(EvaluationError) in try sorted(list, by: list) }
    case ("first", 1): end(name) { $0.first }
    case ("last", 1): end(name) { $0.last }
    case ("lists.range", 1):
      .unary { (count) throws(EvaluationError) in
        guard case .int(let count) = count else { throw .noSuchOverload(name) }
        try Size.checkElements(Int(clamping: count))
        return .list((0..<max(0, count)).map(Value.int))
      }
    case ("sets.contains", 2): sets(name) { isSubset($1, of: $0) }
    case ("sets.equivalent", 2): sets(name) { isSubset($0, of: $1) && isSubset($1, of: $0) }
    case ("sets.intersects", 2):
      sets(name) { one, other in one.contains { element in other.contains { $0.equals(element) } } }
    default: nil
    }
  }

  /// The elements in the order of their keys, which must be of one type that has an order.
  static func sorted(_ elements: [Value], by keys: [Value]) throws(EvaluationError) -> [Value] {
    guard let first = keys.first else { return [] }
    for key in keys {
      guard key.typeName == first.typeName else { throw .noSuchOverload("sort") }
      _ = try key.order(to: first, "sort")
    }
    // Nothing below fails, since all keys are of the type that was tried.
    let order = keys.indices.sorted { left, right in
      let order = (try? keys[left].order(to: keys[right], "sort")) ?? .equal
      return order == .less || (order == .equal && left < right)
    }
    return order.map { elements[$0] }
  }

  private static func slice(_ arguments: [Value]) throws(EvaluationError) -> Value {
    guard case .list(let list) = arguments[0], case .int(let start) = arguments[1],
      case .int(let end) = arguments[2]
    else { throw .noSuchOverload("slice") }
    guard start >= 0, start <= end, end <= list.count else { throw .indexOutOfRange }
    return .list(Array(list[Int(start)..<Int(end)]))
  }

  private static func flatten(
    _ list: [Value],
    _ depth: Int64
  ) throws(EvaluationError) -> [Value] {
    var flat: [Value] = []
    for element in list {
      if depth > 0, case .list(let inner) = element {
        flat += try flatten(inner, depth - 1)
      } else {
        flat.append(element)
      }
      try Size.checkElements(flat.count)
    }
    return flat
  }

  private static func distinct(_ list: [Value]) -> [Value] {
    var seen: [Value] = []
    for element in list where !seen.contains(where: { $0.equals(element) }) {
      seen.append(element)
    }
    return seen
  }

  private static func isSubset(_ part: [Value], of whole: [Value]) -> Bool {
    part.allSatisfy { element in whole.contains { $0.equals(element) } }
  }

  private static func list(
    _ name: String,
    _ body: @escaping @Sendable ([Value]) throws(EvaluationError) -> [Value]
  ) -> StandardFunction {
    .unary { (value) throws(EvaluationError) in
      guard case .list(let list) = value else { throw .noSuchOverload(name) }
      return .list(try body(list))
    }
  }

  private static func end(
    _ name: String,
    _ body: @escaping @Sendable ([Value]) -> Value?
  ) -> StandardFunction {
    .unary { (value) throws(EvaluationError) in
      guard case .list(let list) = value else { throw .noSuchOverload(name) }
      return .optional(body(list))
    }
  }

  private static func sets(
    _ name: String,
    _ body: @escaping @Sendable ([Value], [Value]) -> Bool
  ) -> StandardFunction {
    .binary { (one, other) throws(EvaluationError) in
      guard case .list(let one) = one, case .list(let other) = other else {
        throw .noSuchOverload(name)
      }
      return .bool(body(one, other))
    }
  }
}
