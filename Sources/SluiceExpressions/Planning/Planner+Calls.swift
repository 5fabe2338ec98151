// Calls of the functions that every environment has.
extension Planner {
  func call(_ name: String, _ arguments: [Expression]) -> Step {
    if name == "contains", arguments.count == 2,
      let query = wordQuery(arguments[0], contains: arguments[1])
    {
      return .words(query)
    }
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
    case ("inWindow", 2...3):
      if let step = inWindow(steps) { return step }
    case ("contains", 2), ("startsWith", 2), ("endsWith", 2), ("matches", 2), ("glob", 2):
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
    if let step = lazily(name, steps) { return step }
    guard let function = StandardFunction(name, argumentCount: steps.count) else {
      return .failure(.noSuchOverload(name))
    }
    switch function {
    case .unary(let body):
      if steps[0].known == nil, !FunctionCatalog.isQuadratic(name) {
        let run = steps[0].value
        return .value { (frame) throws(EvaluationError) in
          let argument = try run(&frame)
          try frame.charge(for: argument)
          let value = try body(argument)
          if case .string = value { try frame.charge(for: value) }
          return value
        }
      }
      return charged(steps, name) { (values) throws(EvaluationError) in try body(values[0]) }
    case .binary(let body):
      return charged(steps, name) { (values) throws(EvaluationError) in
        try body(values[0], values[1])
      }
    case .variadic(let body): return charged(steps, name, body)
    }
  }

  /// `or` and `orValue`, whose argument is computed only where the optional is empty.
  private func lazily(_ name: String, _ steps: [Step]) -> Step? {
    guard steps.count == 2, name == "or" || name == "orValue" else { return nil }
    let optional = steps[0].value
    let other = steps[1].value
    let keepsOptional = name == "or"
    return .value { (frame) throws(EvaluationError) in
      let value = try optional(&frame)
      guard case .optional(let held) = value else { throw .noSuchOverload(name) }
      if let held { return keepsOptional ? value : held }
      let instead = try other(&frame)
      if keepsOptional, case .optional = instead { return instead }
      if keepsOptional { throw .noSuchOverload(name) }
      return instead
    }
  }

  /// `inWindow` with a window and a zone that are written out, and so read once; `nil` for others.
  private func inWindow(_ steps: [Step]) -> Step? {
    var zone = Zone.fixed(0)
    guard steps[0].known == nil, case .string(let text)? = steps[1].known,
      let window = TimeWindow(text)
    else { return nil }
    if steps.count > 2 {
      guard case .string(let name)? = steps[2].known, let named = Zone(name) else { return nil }
      zone = named
    }
    let time = steps[0].value
    let place = zone
    return .bool { (frame) throws(EvaluationError) in
      guard case .timestamp(let time) = try time(&frame) else { throw .noSuchOverload("inWindow") }
      return window.contains(local: place.local(at: time))
    }
  }

  /// A function of values that pays for what it goes through.
  private func charged(
    _ steps: [Step],
    _ name: String,
    _ body: @escaping @Sendable ([Value]) throws(EvaluationError) -> Value
  ) -> Step {
    let constants = steps.compactMap(\.known)
    let isQuadratic = FunctionCatalog.isQuadratic(name)
    if constants.count == steps.count {
      return folded { () throws(EvaluationError) in
        var frame = Frame.ofConstants
        try frame.charge(for: constants, isQuadratic: isQuadratic)
        return try body(constants)
      }
    }
    return gather(steps) { (frame, values) throws(EvaluationError) in
      try frame.charge(for: values, isQuadratic: isQuadratic)
      let value = try body(values)
      // What was built may be far longer than what it was built of.
      if case .string = value { try frame.charge(for: value) }
      return value
    }
  }

  /// The tests of text that are worth a closure of their own: a constant pattern is prepared once.
  private func textTest(_ name: String, _ text: @escaping Run<String>, _ other: Step) -> Run<Bool> {
    if case .constant(.string(let constant)) = other {
      switch name {
      case "contains":
        let search = ByteSearch(constant)
        return { (frame) throws(EvaluationError) in
          let text = try text(&frame)
          try frame.charge(text.utf8.count)
          return search.isIn(text)
        }
      case "matches", "glob":
        do throws(Pattern.Invalid) {
          let pattern = try Pattern(
            name == "glob" ? Pattern.expression(ofGlob: constant) : constant
          )
          return { (frame) throws(EvaluationError) in
            let text = try text(&frame)
            try frame.charge(text.utf8.count)
            return pattern.matches(text)
          }
        } catch {
          let failure = EvaluationError.invalidArgument("a bad pattern: \(error.reason)")
          return { (_) throws(EvaluationError) in throw failure }
        }
      case "startsWith":
        return { (frame) throws(EvaluationError) in
          try text(&frame).beginsWith(codePointsOf: constant)
        }
      case "endsWith":
        return { (frame) throws(EvaluationError) in
          try text(&frame).finishesWith(codePointsOf: constant)
        }
      default: break
      }
    }
    let other = other.string
    switch name {
    case "contains":
      return { (frame) throws(EvaluationError) in
        let text = try text(&frame)
        try frame.charge(text.utf8.count)
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
        try frame.charge(text.utf8.count)
        let other = try other(&frame)
        return name == "glob" ? try text.matches(glob: other) : try text.matches(pattern: other)
      }
    }
  }
}
