// `&&`, `||` and `? :`.
extension Planner {
  /// CEL's `&&` and `||` do not care which operand fails: `false` decides an `&&` even where the
  /// other operand has no value.
  func logical(_ logicalOperator: Expression.LogicalOperator, _ operands: [Step]) -> Step {
    let decisive = logicalOperator == .or
    var left: [Step] = []
    for operand in operands {
      if case .constant(.bool(let value)) = operand {
        // A constant decides all, or says nothing.
        if value == decisive { return .constant(.bool(decisive)) }
      } else if decisive, case .words(let query) = operand, case .words(let before)? = left.last,
        let both = before.or(query)
      {
        left[left.count - 1] = .words(both)
      } else {
        left.append(operand)
      }
    }
    guard let last = left.last else { return .constant(.bool(!decisive)) }
    // Long chains loop, so that the stack does not grow with the number of operands.
    if left.count > 8 { return .bool(loop(left, decisive: decisive)) }
    var run = last.bool
    for step in left.dropLast().reversed() {
      run = decisive ? or(step.bool, run) : and(step.bool, run)
    }
    return .bool(run)
  }

  private func and(_ left: @escaping Run<Bool>, _ right: @escaping Run<Bool>) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      do throws(EvaluationError) {
        guard try left(&frame) else { return false }
      } catch {
        guard try right(&frame) else { return false }
        throw error
      }
      return try right(&frame)
    }
  }

  private func or(_ left: @escaping Run<Bool>, _ right: @escaping Run<Bool>) -> Run<Bool> {
    { (frame) throws(EvaluationError) in
      do throws(EvaluationError) {
        if try left(&frame) { return true }
      } catch {
        if try right(&frame) { return true }
        throw error
      }
      return try right(&frame)
    }
  }

  private func loop(_ operands: [Step], decisive: Bool) -> Run<Bool> {
    let runs = operands.map(\.bool)
    return { (frame) throws(EvaluationError) in
      var failure: EvaluationError?
      for run in runs {
        do throws(EvaluationError) {
          if try run(&frame) == decisive { return decisive }
        } catch {
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
      return !decisive
    }
  }

  func conditional(_ condition: Step, _ then: Step, _ otherwise: Step, type: CELType) -> Step {
    if case .constant(.bool(let value)) = condition { return value ? then : otherwise }
    let condition = condition.bool
    switch type {
    case .bool: return .bool(choose(condition, then.bool, otherwise.bool))
    case .int: return .int(choose(condition, then.int, otherwise.int))
    case .double: return .double(choose(condition, then.double, otherwise.double))
    case .string: return .string(choose(condition, then.string, otherwise.string))
    default: return .value(choose(condition, then.value, otherwise.value))
    }
  }

  private func choose<Answer>(
    _ condition: @escaping Run<Bool>,
    _ then: @escaping Run<Answer>,
    _ otherwise: @escaping Run<Answer>
  ) -> Run<Answer> {
    { (frame) throws(EvaluationError) in
      try condition(&frame) ? try then(&frame) : try otherwise(&frame)
    }
  }
}
