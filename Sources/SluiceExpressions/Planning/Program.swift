/// An expression made to run: a tree of typed closures over the slots of a frame.
///
/// Immutable and shared by all exchanges of a generation; a run's state is in its frame. A class,
/// because whoever runs one out of a list would else retain each of its closures for it.
package final class Program: Sendable {
  package let type: CELType
  /// The value, if it is the same for every exchange.
  package let constant: Value?
  private let localCount: Int
  private let runBool: Run<Bool>
  private let runString: Run<String>
  private let runValue: Run<Value>

  init(_ step: Step, type: CELType, localCount: Int) {
    self.type = type
    self.localCount = localCount
    if case .constant(let value) = step { constant = value } else { constant = nil }
    runBool = step.bool
    runString = step.string
    runValue = step.value
  }

  /// The value of a condition.
  ///
  /// - Throws: what a policy must decide about: a condition that fails is neither true nor false.
  package func evaluateBool(_ frame: inout Frame) throws(EvaluationError) -> Bool {
    localCount == 0 ? try runBool(&frame) : try frame.withLocals(localCount, runBool)
  }

  /// The value of a key or another text.
  package func evaluateString(_ frame: inout Frame) throws(EvaluationError) -> String {
    localCount == 0 ? try runString(&frame) : try frame.withLocals(localCount, runString)
  }

  package func evaluate(_ frame: inout Frame) throws(EvaluationError) -> Value {
    localCount == 0 ? try runValue(&frame) : try frame.withLocals(localCount, runValue)
  }
}

extension CheckedExpression {
  /// Lowers the expression: names to slots, constants folded, patterns compiled.
  ///
  /// `bucket` mixes `seed` into its hash, so that one policy always samples alike. `known` holds
  /// slots whose values are fixed for a deployment; what they decide is folded.
  package func program(seed: UInt64 = 0, known: [Int: Value] = [:]) -> Program {
    let planner = Planner(expression: self, seed: seed, known: known)
    return program(planner.plan(root), by: planner)
  }

  /// Lowers some bools of the expression to what holds if all of them do.
  func program(ofAll operands: [Expression]) -> Program {
    let planner = Planner(expression: self, seed: 0, known: [:])
    return program(planner.logical(.and, operands.map { planner.plan($0) }), by: planner)
  }

  private func program(_ step: Step, by planner: Planner) -> Program {
    Program(
      step,
      type: type,
      localCount: planner.loops.hasPlaces ? localCount + planner.loops.cacheCount : 0
    )
  }
}
