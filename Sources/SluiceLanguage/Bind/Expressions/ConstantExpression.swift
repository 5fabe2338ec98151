import SluiceExpressions

/// Finds expressions that come out the same for every request.
enum ConstantExpression {
  /// The finding about a condition that is always true or false, or about an expression that
  /// always fails.
  static func finding(
    _ expression: CheckedExpression,
    isCondition: Bool,
    at span: SourceSpan
  ) -> Diagnostic? {
    let program = expression.program()
    if let constant = program.constant {
      guard isCondition, case .bool(let value) = constant else { return nil }
      return .constantCondition(value, at: span)
    }
    guard expression.slots.isEmpty, expression.hostCalls.isEmpty else { return nil }
    do throws(EvaluationError) {
      var frame = Frame(slots: 0, source: Nothing())
      let value = try program.evaluate(&frame)
      guard isCondition, case .bool(let value) = value else { return nil }
      return .constantCondition(value, at: span)
    } catch {
      return .constantError("\(error)", at: span)
    }
  }

  /// There is nothing to ask for.
  private struct Nothing: FrameSource {
    func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
      preconditionFailure("an expression without variables asked for slot \(slot)")
    }

    func call(
      _ function: Int,
      _ arguments: [Value],
      in frame: inout Frame
    ) throws(EvaluationError) -> Value {
      preconditionFailure("an expression without host calls made one")
    }
  }
}
