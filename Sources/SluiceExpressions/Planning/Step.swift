/// A closure that computes part of an expression.
typealias Run<Answer> = @Sendable (inout Frame) throws(EvaluationError) -> Answer

/// A planned node: what is known of it decides which closure its parent gets.
///
/// The frequent types run unboxed; the rest goes through `Value`, which has no payload on the heap
/// that the value itself does not need.
enum Step: Sendable {
  case constant(Value)
  case slot(Int)
  case bool(Run<Bool>)
  case int(Run<Int64>)
  case double(Run<Double>)
  case string(Run<String>)
  /// A bool that may become one search with what stands beside it.
  case words(WordQuery)
  case value(Run<Value>)

  /// A node that always fails when it is reached.
  static func failure(_ error: EvaluationError) -> Step {
    .value { (_) throws(EvaluationError) in throw error }
  }

  /// The constant, if this is one.
  var known: Value? {
    if case .constant(let value) = self { value } else { nil }
  }
}

// A step as a closure of one type. Where the types do not agree the closure fails when it runs,
// as CEL wants of expressions whose types were not known.
extension Step {
  var bool: Run<Bool> {
    switch self {
    case .constant(.bool(let value)): return { _ in value }
    case .slot(let slot):
      return { (frame) throws(EvaluationError) in try frame.bool(at: slot) }
    case .bool(let run): return run
    case .words(let query): return query.run
    case .value(let run):
      return { (frame) throws(EvaluationError) in
        guard case .bool(let value) = try run(&frame) else { throw .notOfType("bool") }
        return value
      }
    case .constant, .int, .double, .string:
      return { (_) throws(EvaluationError) in throw .notOfType("bool") }
    }
  }

  var int: Run<Int64> {
    switch self {
    case .constant(.int(let value)): return { _ in value }
    case .slot(let slot):
      return { (frame) throws(EvaluationError) in try frame.int(at: slot) }
    case .int(let run): return run
    case .value(let run):
      return { (frame) throws(EvaluationError) in
        guard case .int(let value) = try run(&frame) else { throw .notOfType("int") }
        return value
      }
    case .constant, .bool, .double, .string, .words:
      return { (_) throws(EvaluationError) in throw .notOfType("int") }
    }
  }

  var double: Run<Double> {
    switch self {
    case .constant(.double(let value)): return { _ in value }
    case .slot(let slot):
      return { (frame) throws(EvaluationError) in try frame.double(at: slot) }
    case .double(let run): return run
    case .value(let run):
      return { (frame) throws(EvaluationError) in
        guard case .double(let value) = try run(&frame) else { throw .notOfType("double") }
        return value
      }
    case .constant, .bool, .int, .string, .words:
      return { (_) throws(EvaluationError) in throw .notOfType("double") }
    }
  }

  var string: Run<String> {
    switch self {
    case .constant(.string(let value)): return { _ in value }
    case .slot(let slot):
      return { (frame) throws(EvaluationError) in try frame.string(at: slot) }
    case .string(let run): return run
    case .value(let run):
      return { (frame) throws(EvaluationError) in
        guard case .string(let value) = try run(&frame) else { throw .notOfType("string") }
        return value
      }
    case .constant, .bool, .int, .double, .words:
      return { (_) throws(EvaluationError) in throw .notOfType("string") }
    }
  }

  var value: Run<Value> {
    switch self {
    case .constant(let value): return { _ in value }
    case .slot(let slot):
      return { (frame) throws(EvaluationError) in try frame.value(at: slot) }
    case .bool(let run):
      return { (frame) throws(EvaluationError) in .bool(try run(&frame)) }
    case .words(let query):
      return { (frame) throws(EvaluationError) in .bool(try query.run(&frame)) }
    case .int(let run):
      return { (frame) throws(EvaluationError) in .int(try run(&frame)) }
    case .double(let run):
      return { (frame) throws(EvaluationError) in .double(try run(&frame)) }
    case .string(let run):
      return { (frame) throws(EvaluationError) in .string(try run(&frame)) }
    case .value(let run): return run
    }
  }
}

extension EvaluationError {
  static func notOfType(_ type: String) -> EvaluationError {
    .noSuchOverload("a value that is no \(type)")
  }
}
