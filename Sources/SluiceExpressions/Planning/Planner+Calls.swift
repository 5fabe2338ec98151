// Calls of the functions that every environment has.
extension Planner {
  func call(_ name: String, _ arguments: [Expression]) -> Step {
    let steps = arguments.map { plan($0) }
    let types = arguments.map { expression.type(of: $0) }
    switch (name, steps.count) {
    case ("dyn", 1): return steps[0]
    case ("bucket", 2):
      let seed = seed
      return apply(steps[0], steps[1]) { (key, count) throws(EvaluationError) in
        guard case .string(let key) = key, case .int(let count) = count else {
          throw .noSuchOverload("bucket")
        }
        guard count > 0 else { throw .invalidArgument("bucket needs at least one bucket") }
        return .int(Int64(StableHash.bucket(key, of: UInt64(count), seed: seed)))
      }
    case ("contains", 2), ("startsWith", 2), ("endsWith", 2), ("matches", 2):
      if types == [.string, .string], steps[0].known == nil || steps[1].known == nil {
        return .bool(textTest(name, steps[0].string, steps[1]))
      }
    case ("size", 1):
      if types == [.string], steps[0].known == nil {
        let text = steps[0].string
        return .int { (frame) throws(EvaluationError) in
          Int64(try text(&frame).codePointCount)
        }
      }
    default: break
    }
    guard let function = StandardFunction(name, argumentCount: steps.count) else {
      return .failure(.noSuchOverload(name))
    }
    switch function {
    case .unary(let body): return apply(steps[0], body)
    case .binary(let body): return apply(steps[0], steps[1], body)
    case .variadic(let body): return apply(steps, body)
    }
  }

  /// The tests of text that are worth a closure of their own: a constant pattern is prepared once.
  private func textTest(_ name: String, _ text: @escaping Run<String>, _ other: Step) -> Run<Bool> {
    if case .constant(.string(let constant)) = other {
      switch name {
      case "contains":
        let search = ByteSearch(constant)
        return { (frame) throws(EvaluationError) in search.isIn(try text(&frame)) }
      case "matches":
        do throws(Pattern.Invalid) {
          let pattern = try Pattern(constant)
          return { (frame) throws(EvaluationError) in pattern.matches(try text(&frame)) }
        } catch {
          let failure = EvaluationError.invalidArgument("a bad pattern: \(error.reason)")
          return { (_) throws(EvaluationError) in throw failure }
        }
      default: break
      }
    }
    let other = other.string
    switch name {
    case "contains":
      return { (frame) throws(EvaluationError) in
        let text = try text(&frame)
        return ByteSearch(try other(&frame)).isIn(text)
      }
    case "startsWith":
      return { (frame) throws(EvaluationError) in
        let text = try text(&frame)
        return text.beginsWith(codePointsOf: try other(&frame))
      }
    case "endsWith":
      return { (frame) throws(EvaluationError) in
        let text = try text(&frame)
        return text.finishesWith(codePointsOf: try other(&frame))
      }
    default:
      return { (frame) throws(EvaluationError) in
        let text = try text(&frame)
        return try text.matches(pattern: try other(&frame))
      }
    }
  }
}
