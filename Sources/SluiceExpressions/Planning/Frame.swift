internal import SluiceCore

/// Where a frame gets its values from: one exchange, as the host sees it.
///
/// Both members are asked at most once for the same thing within one frame, and only if an
/// expression needs it. The frame is an argument so that a slot may be computed by another program
/// over the same frame. While a source answers, the frame is being written: it may be reached
/// through the argument only.
package protocol FrameSource {
  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value
  /// Answers a host function by its number.
  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value
  /// Between what the value of an int lies, where that is cheaper to say than the value; `nil` if
  /// nothing is known.
  ///
  /// Asked only of variables declared with `hasBounds`, and only before a comparison with a
  /// constant: it decides `prompt.tokens < 200` without counting where it can.
  func bounds(ofSlot slot: Int) -> ClosedRange<Int64>?
}

extension FrameSource {
  package func bounds(ofSlot slot: Int) -> ClosedRange<Int64>? { nil }
}

/// A source without values, for frames that have none or are filled.
package struct NoSource: FrameSource {
  package init() {}

  package func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    throw .unavailable("a variable")
  }

  package func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    throw .unavailable("a function")
  }
}

/// The variables of one exchange, by slot: each is asked for once, when it is first needed.
///
/// Failures are remembered as values are. A struct that is passed `inout`, so that no read of a slot
/// pays for a check of exclusive access; whoever holds it should not be the source it holds.
package struct Frame {
  /// One slot.
  ///
  /// Numbers, flags and texts lie beside each other rather than inside a `Value`:
  /// taking one out of an enum with many payloads costs more than the comparison it is for.
  private struct Cell {
    var state = State.empty
    /// A bool, an int, or the bits of a double.
    var word: Int64 = 0
    var text = ""
    /// What is none of these.
    var value = Value.null
  }

  private enum State: UInt8 {
    case empty
    /// Being computed: met again only if it depends on itself.
    case pending
    case failed
    case bool, int, double, string, other
  }

  private struct Read {
    let function: Int
    let arguments: [Value]
    let answer: Result<Value, EvaluationError>
  }

  private let source: any FrameSource
  /// Where the cell of a slot lies in `cells`; 0 for a slot that nobody has asked for.
  ///
  /// Few slots are ever asked for, and cells are large: making one for each would cost more than
  /// most expressions do. Those of the first slots lie in the frame itself, so that a policy of
  /// ordinary size allocates nothing for them.
  private var places = InlineArray<48, Int32>(repeating: 0)
  /// Those of the slots behind them.
  private var morePlaces: [Int32]
  /// The first is empty and stands for all slots that have none of their own.
  private var cells = Self.noCells
  private static let noCells = [Cell()]
  /// Cells that the first allocation has room for: more than most expressions ask for.
  private static let usualCells = 8
  private var failures: [Int: EvaluationError] = [:]
  private var reads: [Read] = []
  /// The variables of the macros that are running, innermost program last.
  private var locals: [Value?] = []
  private var localBase = 0
  private var turns = 0
  private var work = 0

  package init(slots count: Int, source: some FrameSource) {
    self.source = source
    let inlined = places.count
    morePlaces = count > inlined ? Array(repeating: 0, count: count - inlined) : []
  }

  private func place(of slot: Int) -> Int {
    Int(slot < places.count ? places[slot] : morePlaces[slot - places.count])
  }

  /// The place of a slot's own cell, which is made if there is none.
  private mutating func ownPlace(of slot: Int) -> Int {
    let known = place(of: slot)
    guard known == 0 else { return known }
    let place = cells.count
    if place == 1 { cells.reserveCapacity(Self.usualCells) }
    cells.append(Cell())
    if slot < places.count {
      places[slot] = Int32(place)
    } else {
      morePlaces[slot - places.count] = Int32(place)
    }
    return place
  }

  /// Sets a slot whose value is known from the start; the source is not asked for it.
  package mutating func fill(_ slot: Int, with value: Value) {
    fill(place: ownPlace(of: slot), with: value)
  }

  private mutating func fill(place: Int, with value: Value) {
    switch value {
    case .bool(let value):
      cells[place].state = .bool
      cells[place].word = value ? 1 : 0
    case .int(let value):
      cells[place].state = .int
      cells[place].word = value
    case .double(let value):
      cells[place].state = .double
      cells[place].word = Int64(bitPattern: value.bitPattern)
    case .string(let value):
      cells[place].state = .string
      cells[place].text = value
    default:
      cells[place].state = .other
      cells[place].value = value
    }
  }

  /// The value of a slot.
  package mutating func value(at slot: Int) throws(EvaluationError) -> Value {
    if let value = knownValue(at: slot) { return value }
    return try ask(slot)
  }

  /// The value of a slot if it was needed so far, for a trail.
  package func knownValue(at slot: Int) -> Value? {
    let place = place(of: slot)
    return switch cells[place].state {
    case .empty, .pending, .failed: nil
    case .bool: .bool(cells[place].word != 0)
    case .int: .int(cells[place].word)
    case .double: .double(Double(bitPattern: UInt64(bitPattern: cells[place].word)))
    case .string: .string(cells[place].text)
    case .other: cells[place].value
    }
  }

  /// Asks the source for a slot that is not filled.
  @inline(never)
  private mutating func ask(_ slot: Int) throws(EvaluationError) -> Value {
    switch cells[place(of: slot)].state {
    case .pending: throw .cycle
    case .failed: throw failures[slot] ?? .cycle
    case .empty: break
    case .bool, .int, .double, .string, .other: throw .wrongType
    }
    let place = ownPlace(of: slot)
    cells[place].state = .pending
    do throws(EvaluationError) {
      let value = try source.value(ofSlot: slot, in: &self)
      fill(place: place, with: value)
      return value
    } catch {
      cells[place].state = .failed
      failures[slot] = error
      throw error
    }
  }

  mutating func bool(at slot: Int) throws(EvaluationError) -> Bool {
    let place = place(of: slot)
    if cells[place].state == .bool { return cells[place].word != 0 }
    guard case .bool(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  mutating func int(at slot: Int) throws(EvaluationError) -> Int64 {
    let place = place(of: slot)
    if cells[place].state == .int { return cells[place].word }
    guard case .int(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  /// What the source can say of a slot before it is computed.
  func bounds(at slot: Int) -> ClosedRange<Int64>? {
    cells[place(of: slot)].state == .empty ? source.bounds(ofSlot: slot) : nil
  }

  mutating func double(at slot: Int) throws(EvaluationError) -> Double {
    let place = place(of: slot)
    if cells[place].state == .double {
      return Double(bitPattern: UInt64(bitPattern: cells[place].word))
    }
    guard case .double(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  mutating func string(at slot: Int) throws(EvaluationError) -> String {
    let place = place(of: slot)
    if cells[place].state == .string { return cells[place].text }
    guard case .string(let value) = try ask(slot) else { throw .wrongType }
    return value
  }

  /// Whether a slot holds this text; the text is compared where it lies.
  mutating func string(at slot: Int, is text: KnownText) throws(EvaluationError) -> Bool {
    let place = place(of: slot)
    if cells[place].state == .string { return text.isSame(as: cells[place].text) }
    guard case .string(let value) = try ask(slot) else { throw .wrongType }
    return text.isSame(as: value)
  }

  /// Answers a host function, once for the same arguments.
  mutating func call(
    _ function: Int,
    _ arguments: [Value]
  ) throws(EvaluationError) -> Value {
    if let read = reads.first(where: { $0.function == function && $0.arguments == arguments }) {
      return try read.answer.get()
    }
    let answer: Result<Value, EvaluationError>
    do throws(EvaluationError) {
      answer = .success(try source.call(function, arguments, in: &self))
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
  mutating func withLocals<Answer>(
    _ count: Int,
    _ body: (inout Frame) throws(EvaluationError) -> Answer
  ) throws(EvaluationError) -> Answer {
    guard count > 0 else { return try body(&self) }
    let outerBase = localBase
    localBase = locals.count
    for _ in 0..<count { locals.append(nil) }
    defer {
      for _ in 0..<count { locals.removeLast() }
      localBase = outerBase
    }
    return try body(&self)
  }

  /// A variable of a macro; `nil` before the first turn of its loop.
  func local(_ index: Int) -> Value? { locals[localBase + index] }

  /// Forgets what was kept for one run of a loop.
  mutating func clearLocals(_ indices: [Int]) {
    for index in indices { locals[localBase + index] = nil }
  }

  mutating func setLocal(_ index: Int, to value: Value) { locals[localBase + index] = value }

  /// Counts bytes of text, or as much work on other values.
  mutating func charge(_ bytes: Int) throws(EvaluationError) {
    work += bytes
    guard work <= Bounds.expressionWork else { throw .tooMuchWork }
  }

  /// Counts what going through a value costs.
  mutating func charge(for value: Value) throws(EvaluationError) {
    switch value {
    case .string(let text): try charge(text.utf8.count)
    case .list, .map, .optional, .bytes:
      try charge(value.bulk(atMost: Bounds.expressionWork - work))
    case .null, .bool, .int, .uint, .double, .timestamp, .duration, .money, .type, .ip, .cidr: break
    }
  }

  /// Counts what a function of `values` costs; one that compares all with all pays for that.
  mutating func charge(for values: [Value], isQuadratic: Bool) throws(EvaluationError) {
    guard isQuadratic else {
      for value in values { try charge(for: value) }
      return
    }
    let count = values.reduce(1) {
      if case .list(let elements) = $1 { max($0, elements.count) } else { $0 }
    }
    for value in values {
      let bulk = value.bulk(atMost: Bounds.expressionWork - work)
      let (cost, overflowed) = bulk.multipliedReportingOverflow(by: count)
      guard !overflowed else { throw .tooMuchWork }
      try charge(min(cost, Bounds.expressionWork + 1))
    }
  }

  /// Counts what it costs to bring values into order.
  mutating func charge(forSorting values: [Value]) throws(EvaluationError) {
    let bulk = Value.list(values).bulk(atMost: Bounds.expressionWork - work)
    // As many comparisons of each as the count has binary digits.
    try charge(bulk * (Int.bitWidth - values.count.leadingZeroBitCount))
  }

  /// Counts what a list or map holds in all, and refuses one that holds too much.
  ///
  /// Values that share parts can stand for far more than they take: `[x, x]` of `[y, y]` and so on
  /// doubles with every level.
  mutating func charge(building value: Value) throws(EvaluationError) -> Value {
    let hasParts =
      switch value {
      case .list(let elements): elements.contains(where: \.isNested)
      case .map: true
      default: false
      }
    if hasParts {
      let bulk = value.bulk(atMost: Bounds.expressionValueBytes)
      guard bulk <= Bounds.expressionValueBytes else { throw .tooMuchWork }
      try charge(bulk)
    }
    return value
  }

  /// Counts turns of a macro's loop.
  mutating func countTurns(_ count: Int = 1) throws(EvaluationError) {
    turns += count
    guard turns <= Bounds.expressionTurns else { throw .tooMuchWork }
  }
}
