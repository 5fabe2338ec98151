internal import SluiceCore

// The macros that go through a list, or through the keys of a map, and those that name a value.
extension Planner {
  func comprehension(_ node: Expression, _ loop: Expression.Comprehension) -> Step {
    guard case .local(let index) = expression.reference(of: node) else {
      return .failure(.unknownName(loop.variable))
    }
    let planned = plan(loop.range)
    if let query = wordQuery(loop, over: planned, index) { return .words(query) }
    let range = planned.value
    loops.hasPlaces = true
    loops.open.append(LoopPlan.Loop(index: index, last: loop.second == nil ? index : index + 1))
    let predicate = loop.predicate.map { plan($0).bool }
    let transform = loop.transform.map { plan($0).value }
    let caches = loops.open.removeLast().caches
    let walk = Walk(range: range, index: index, isPaired: loop.second != nil, caches: caches)
    guard let step = step(loop.kind, walk, predicate, transform) else {
      return .failure(.noSuchOverload(loop.kind.rawValue))
    }
    return foldedIfClosed(node, step)
  }

  private func step(
    _ kind: Expression.Comprehension.Kind,
    _ walk: Walk,
    _ predicate: Run<Bool>?,
    _ transform: Run<Value>?
  ) -> Step? {
    switch kind {
    case .all, .exists:
      predicate.map { .bool(decide(walk, decisive: kind == .exists, $0)) }
    case .existsOne: predicate.map { .bool(existsOne(walk, $0)) }
    case .map, .filter, .transformList: .value(collect(walk, predicate, transform))
    case .transformMap, .transformMapEntry:
      transform.map { .value(collectMap(walk, predicate, $0, isEntry: kind == .transformMapEntry)) }
    case .sortBy: transform.map { .value(sort(walk, by: $0)) }
    case .optMap, .optFlatMap:
      transform.map { .value(mapOptional(walk, $0, isFlat: kind == .optFlatMap)) }
    }
  }

  func binding(_ node: Expression, _ binding: Expression.Binding) -> Step {
    guard case .local(let first) = expression.reference(of: node) else {
      return .failure(.unknownName("cel.bind"))
    }
    let numbers = first..<(first + binding.variables.count)
    loops.hasPlaces = true
    loops.open.append(LoopPlan.Loop(index: first, last: max(first, numbers.upperBound - 1)))
    for (number, variable) in zip(numbers, binding.variables) {
      loops.bindings[number] = plan(variable.value).value
    }
    let run = plan(binding.body).value
    let cleared = loops.open.removeLast().caches + numbers
    let step = Step.value { (frame) throws(EvaluationError) in
      frame.clearLocals(cleared)
      return try run(&frame)
    }
    return foldedIfClosed(node, step)
  }

  /// Computes a macro now if it reads nothing but constants and its own variables.
  private func foldedIfClosed(_ node: Expression, _ step: Step) -> Step {
    // A fold runs inside a frame of its own, where outer variables do not exist.
    guard loops.open.isEmpty, isClosed(node) else { return step }
    let count = expression.localCount + loops.cacheCount
    return folded { () throws(EvaluationError) in
      var frame = Frame.ofConstants
      return try frame.withLocals(count, step.value)
    }
  }

  private func isClosed(_ node: Expression) -> Bool {
    var isClosed = true
    node.forEach { inner in
      switch expression.reference(of: inner) {
      case .variable(let variable): if known[variable.slot] == nil { isClosed = false }
      case .hostFunction: isClosed = false
      case .local, .type, .standardFunction, .unresolved, nil: break
      }
    }
    return isClosed
  }

  /// How a loop goes through its range.
  private struct Walk: Sendable {
    let range: Run<Value>
    /// The number of its first variable.
    let index: Int
    /// Whether it has two: an index or key, and a value.
    let isPaired: Bool
    let caches: [Int]

    /// Runs `body` for each element until it answers false.
    func forEach(
      _ frame: inout Frame,
      _ body: (inout Frame, Value) throws(EvaluationError) -> Bool
    ) throws(EvaluationError) {
      let range = try range(&frame)
      frame.clearLocals(caches)
      guard isPaired else {
        for element in try range.elements() {
          try frame.countTurns()
          frame.setLocal(index, to: element)
          guard try body(&frame, element) else { return }
        }
        return
      }
      for entry in try range.pairs() {
        try frame.countTurns()
        frame.setLocal(index, to: entry.key)
        frame.setLocal(index + 1, to: entry.value)
        guard try body(&frame, entry.key) else { return }
      }
    }
  }

  /// `all` and `exists`: an element that decides wins over one that fails, as in `&&` and `||`.
  private func decide(
    _ walk: Walk,
    decisive: Bool,
    _ predicate: @escaping Run<Bool>
  ) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      var failure: EvaluationError?
      var isDecided = false
      try walk.forEach(&frame) { (frame, _) throws(EvaluationError) in
        do throws(EvaluationError) {
          isDecided = try predicate(&frame) == decisive
        } catch {
          if error == .tooMuchWork { throw error }
          failure = failure ?? error
        }
        return !isDecided
      }
      if isDecided { return decisive }
      if let failure { throw failure }
      return !decisive
    }
  }

  private func existsOne(_ walk: Walk, _ predicate: @escaping Run<Bool>) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      var count = 0
      try walk.forEach(&frame) { (frame, _) throws(EvaluationError) in
        if try predicate(&frame) { count += 1 }
        return true
      }
      return count == 1
    }
  }

  private func collect(
    _ walk: Walk,
    _ predicate: Run<Bool>?,
    _ transform: Run<Value>?
  ) -> Run<Value> {
    { (frame) throws(EvaluationError) in
      var collected: [Value] = []
      try walk.forEach(&frame) { (frame, element) throws(EvaluationError) in
        if let predicate, !(try predicate(&frame)) { return true }
        collected.append(try transform?(&frame) ?? element)
        return true
      }
      return try frame.charge(building: .list(collected))
    }
  }

  /// `transformMap` keeps the keys; `transformMapEntry` makes entries anew, none of them twice.
  private func collectMap(
    _ walk: Walk,
    _ predicate: Run<Bool>?,
    _ transform: @escaping Run<Value>,
    isEntry: Bool
  ) -> Run<Value> {
    { (frame) throws(EvaluationError) in
      var entries: [ValueMap.Entry] = []
      try walk.forEach(&frame) { (frame, key) throws(EvaluationError) in
        if let predicate, !(try predicate(&frame)) { return true }
        let value = try transform(&frame)
        if !isEntry {
          entries.append(ValueMap.Entry(key: key, value: value))
        } else if case .map(let map) = value {
          entries += map.entries
          try Size.checkElements(entries.count)
        } else {
          throw .noSuchOverload("transformMapEntry")
        }
        return true
      }
      guard let map = ValueMap(entries) else {
        throw .invalidArgument("a map has a key twice, or one that cannot be a key")
      }
      return try frame.charge(building: .map(map))
    }
  }

  private func sort(_ walk: Walk, by key: @escaping Run<Value>) -> Run<Value> {
    { (frame) throws(EvaluationError) in
      var elements: [Value] = []
      var keys: [Value] = []
      try walk.forEach(&frame) { (frame, element) throws(EvaluationError) in
        elements.append(element)
        keys.append(try key(&frame))
        return true
      }
      try frame.charge(forSorting: keys)
      return .list(try ListFunction.sorted(elements, by: keys))
    }
  }

  private func mapOptional(
    _ walk: Walk,
    _ transform: @escaping Run<Value>,
    isFlat: Bool
  ) -> Run<Value> {
    { (frame) throws(EvaluationError) in
      let optional = try walk.range(&frame)
      guard case .optional(let held) = optional else { throw .noSuchOverload("optMap") }
      guard let held else { return optional }
      frame.clearLocals(walk.caches)
      frame.setLocal(walk.index, to: held)
      let value = try transform(&frame)
      guard isFlat else { return .optional(value) }
      guard case .optional = value else { throw .noSuchOverload("optFlatMap") }
      return value
    }
  }
}

extension Frame {
  /// A frame to fold constants in.
  static var ofConstants: Frame { Frame(slots: 0, source: NoSource()) }
}
