/// The loops and bindings around the node being planned, and the places where they keep what does not change
/// from turn to turn.
///
/// A reference, because a planner is passed down the tree; it lives as long as one planning.
final class LoopPlan {
  struct Loop {
    /// The number of its first variable.
    let index: Int
    /// The number of its last.
    let last: Int
    /// The places to clear before its first turn.
    var caches: [Int] = []
  }

  var open: [Loop] = []
  /// What computes a variable that a binding made, by its number.
  var bindings: [Int: Run<Value>] = [:]
  fileprivate(set) var cacheCount = 0
  /// Whether a run needs places for variables at all.
  var hasPlaces = false
}

extension Planner {
  /// Plans a call that does not depend on the loop around it, so that it runs at most once for all
  /// turns; `nil` for all other nodes.
  ///
  /// In `words.exists(w, prompt.text.lowerAscii().contains(w))` the text is lowered once. It stays
  /// lazy: a loop without turns, or one that never gets there, does not pay.
  func planOutsideLoops(_ node: Expression) -> Step? {
    guard let innermost = loops.open.last, node.isCall else { return nil }
    let dependsOn = lastLoop(neededBy: node)
    guard innermost.index > dependsOn else { return nil }
    // Inside, only the loops that stay around it count.
    let kept = loops.open.firstIndex { $0.index > dependsOn } ?? 0
    let left = loops.open[kept...]
    loops.open.removeSubrange(kept...)
    let step = planHere(node)
    loops.open.append(contentsOf: left)
    switch step {
    case .constant, .slot: return step
    case .bool, .int, .double, .string, .words, .value: break
    }
    let place = expression.localCount + loops.cacheCount
    loops.cacheCount += 1
    loops.open[kept].caches.append(place)
    let run = step.value
    return .value { (frame) throws(EvaluationError) in
      if let kept = frame.local(place) { return kept }
      let value = try run(&frame)
      frame.setLocal(place, to: value)
      return value
    }
  }

  /// The innermost loop whose variable a node reads, by its number; -1 for none.
  private func lastLoop(neededBy node: Expression) -> Int {
    var index = -1
    let depth = loops.open.last?.last ?? -1
    node.forEach { inner in
      guard case .name = inner.form, case .local(let local) = expression.reference(of: inner),
        local <= depth
      else { return }
      index = max(index, local)
    }
    return index
  }
}

extension Expression {
  fileprivate var isCall: Bool {
    switch form {
    case .call, .memberCall, .comprehension, .binding: true
    case .literal, .name, .select, .optionalSelect, .presence, .unary, .binary, .logical,
      .conditional, .index, .optionalIndex, .optionalElement, .list, .map:
      false
    }
  }
}
