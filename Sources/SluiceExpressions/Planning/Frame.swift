internal import SluiceCore

/// Where a frame gets its values from: one exchange, as the host sees it.
///
/// Both members are asked at most once for the same thing within one frame, and only if an
/// expression needs it. The frame is an argument so that a source need not hold it (that would be
/// a reference cycle), and so that a slot may be computed by another program over the same frame.
package protocol FrameSource {
  func value(ofSlot slot: Int, in frame: Frame) throws(EvaluationError) -> Value
  /// Answers a host function by its number.
  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: Frame
  ) throws(EvaluationError) -> Value
}

/// The variables of one exchange, by slot: each is asked for once, when it is first needed.
///
/// Failures are remembered as values are. Not `Sendable`: a frame belongs to the task of its
/// exchange.
package final class Frame {
  private enum Slot {
    case empty
    /// Being computed: met again only if it depends on itself.
    case pending
    case filled(Value)
    case failed(EvaluationError)
  }

  private struct Read {
    let function: Int
    let arguments: [Value]
    let answer: Result<Value, EvaluationError>
  }

  private let source: any FrameSource
  private var slots: [Slot]
  private var reads: [Read] = []
  /// The variables of the macros that are running, innermost program last.
  private var locals: [Value] = []
  private var localBase = 0
  private var turns = 0

  package init(slots count: Int, source: some FrameSource) {
    self.source = source
    slots = Array(repeating: .empty, count: count)
  }

  /// Sets a slot whose value is known from the start; the source is not asked for it.
  package func fill(_ slot: Int, with value: Value) { slots[slot] = .filled(value) }

  /// The value of a slot.
  package func value(at slot: Int) throws(EvaluationError) -> Value {
    if case .filled(let value) = slots[slot] { return value }
    return try ask(slot)
  }

  /// The value of a slot if it was needed so far, for a trail.
  package func knownValue(at slot: Int) -> Value? {
    if case .filled(let value) = slots[slot] { value } else { nil }
  }

  @inline(never)
  private func ask(_ slot: Int) throws(EvaluationError) -> Value {
    switch slots[slot] {
    case .filled(let value): return value
    case .failed(let error): throw error
    case .pending: throw .cycle
    case .empty: break
    }
    slots[slot] = .pending
    do throws(EvaluationError) {
      let value = try source.value(ofSlot: slot, in: self)
      slots[slot] = .filled(value)
      return value
    } catch {
      slots[slot] = .failed(error)
      throw error
    }
  }

  func bool(at slot: Int) throws(EvaluationError) -> Bool {
    if case .filled(.bool(let value)) = slots[slot] { return value }
    guard case .bool(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  func int(at slot: Int) throws(EvaluationError) -> Int64 {
    if case .filled(.int(let value)) = slots[slot] { return value }
    guard case .int(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  func double(at slot: Int) throws(EvaluationError) -> Double {
    if case .filled(.double(let value)) = slots[slot] { return value }
    guard case .double(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  func string(at slot: Int) throws(EvaluationError) -> String {
    if case .filled(.string(let value)) = slots[slot] { return value }
    guard case .string(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  /// Whether a slot holds this text; the text is compared where it lies.
  func string(at slot: Int, is text: String) throws(EvaluationError) -> Bool {
    if case .filled(.string(let value)) = slots[slot] { return value.hasSameCodePoints(as: text) }
    guard case .string(let value) = try ask(slot) else { throw .wrongType }
    return value.hasSameCodePoints(as: text)
  }

  /// Answers a host function, once for the same arguments.
  func call(
    _ function: Int,
    _ arguments: [Value]
  ) throws(EvaluationError) -> Value {
    if let read = reads.first(where: { $0.function == function && $0.arguments == arguments }) {
      return try read.answer.get()
    }
    let answer: Result<Value, EvaluationError>
    do throws(EvaluationError) {
      answer = .success(try source.call(function, arguments, in: self))
    } catch {
      answer = .failure(error)
    }
    reads.append(Read(function: function, arguments: arguments, answer: answer))
    return try answer.get()
  }
}

extension EvaluationError {
  /// A slot holds another type than was declared: the host's mistake, told as any other failure.
  static let wrongType = EvaluationError.noSuchOverload("a variable")
}

// What a running macro needs.
extension Frame {
  /// Runs `body` with room for `count` variables of macros.
  ///
  /// A program may run inside another, when a slot is a feature; each sees only its own.
  func withLocals<Answer>(
    _ count: Int,
    _ body: (Frame) throws(EvaluationError) -> Answer
  ) throws(EvaluationError) -> Answer {
    guard count > 0 else { return try body(self) }
    let outerBase = localBase
    localBase = locals.count
    locals.append(contentsOf: repeatElement(.null, count: count))
    defer {
      locals.removeLast(count)
      localBase = outerBase
    }
    return try body(self)
  }

  func local(_ index: Int) -> Value { locals[localBase + index] }

  func setLocal(_ index: Int, to value: Value) { locals[localBase + index] = value }

  /// Counts one turn of a macro's loop.
  func countTurn() throws(EvaluationError) {
    turns += 1
    guard turns <= Bounds.expressionTurns else { throw .tooMuchWork }
  }
}
