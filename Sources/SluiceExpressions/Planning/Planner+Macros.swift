internal import SluiceCore

// The macros that go through a list, or through the keys of a map.
extension Planner {
  func comprehension(_ node: Expression, _ loop: Expression.Comprehension) -> Step {
    guard case .local(let index) = expression.reference(of: node) else {
      return .failure(.unknownName(loop.variable))
    }
    let range = plan(loop.range).value
    loops.open.append(LoopPlan.Loop(index: index))
    let predicate = loop.predicate.map { plan($0).bool }
    let transform = loop.transform.map { plan($0).value }
    let caches = loops.open.removeLast().caches
    let step: Step
    switch loop.kind {
    case .all, .exists:
      guard let predicate else { return .failure(.noSuchOverload(loop.kind.rawValue)) }
      step = .bool(decide(range, index, caches, decisive: loop.kind == .exists, predicate))
    case .existsOne:
      guard let predicate else { return .failure(.noSuchOverload(loop.kind.rawValue)) }
      step = .bool(existsOne(range, index, caches, predicate))
    case .map, .filter:
      step = .value(collect(range, index, caches, predicate, transform))
    }
    guard isClosed(node, from: index) else { return step }
    let count = expression.localCount + loops.cacheCount
    return folded { () throws(EvaluationError) in
      var frame = Frame(slots: 0, source: NoSource())
      return try frame.withLocals(count, step.value)
    }
  }

  /// Whether a macro reads nothing but constants and its own variables.
  private func isClosed(_ node: Expression, from index: Int) -> Bool {
    // A fold would run inside a frame of its own, where outer variables do not exist.
    guard index == 0 else { return false }
    var isClosed = true
    node.forEach { inner in
      switch expression.reference(of: inner) {
      case .variable(let variable): if known[variable.slot] == nil { isClosed = false }
      case .hostFunction: isClosed = false
      case .local, .type, .unresolved, nil: break
      }
    }
    return isClosed
  }

  /// `all` and `exists`: an element that decides wins over one that fails, as in `&&` and `||`.
  private func decide(
    _ range: @escaping Run<Value>,
    _ index: Int,
    _ caches: [Int],
    decisive: Bool,
    _ predicate: @escaping Run<Bool>
  ) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      var failure: EvaluationError?
      let elements = try range(&frame).elements()
      frame.clearLocals(caches)
      for element in elements {
        try frame.countTurn()
        frame.setLocal(index, to: element)
        do throws(EvaluationError) {
          if try predicate(&frame) == decisive { return decisive }
        } catch {
          if error == .tooMuchWork { throw error }
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
      return !decisive
    }
  }

  private func existsOne(
    _ range: @escaping Run<Value>,
    _ index: Int,
    _ caches: [Int],
    _ predicate: @escaping Run<Bool>
  ) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      var count = 0
      let elements = try range(&frame).elements()
      frame.clearLocals(caches)
      for element in elements {
        try frame.countTurn()
        frame.setLocal(index, to: element)
        if try predicate(&frame) { count += 1 }
      }
      return count == 1
    }
  }

  private func collect(
    _ range: @escaping Run<Value>,
    _ index: Int,
    _ caches: [Int],
    _ predicate: Run<Bool>?,
    _ transform: Run<Value>?
  ) -> Run<Value> {
    { (frame) throws(EvaluationError) in
      var collected: [Value] = []
      let elements = try range(&frame).elements()
      frame.clearLocals(caches)
      for element in elements {
        try frame.countTurn()
        frame.setLocal(index, to: element)
        if let predicate, !(try predicate(&frame)) { continue }
        collected.append(try transform?(&frame) ?? element)
      }
      return .list(collected)
    }
  }
}

/// The source of a frame in which constants are folded.
private struct NoSource: FrameSource {
  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    throw .unavailable("a variable")
  }

  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    throw .unavailable("a function")
  }
}
