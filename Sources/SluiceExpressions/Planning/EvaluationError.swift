/// Why an expression has no value for this exchange.
///
/// Holds no data of the exchange: the names in it come from the policy or from this module, so an
/// error may be logged and counted.
package enum EvaluationError: Error, Sendable, Hashable {
  case overflow
  case divisionByZero
  /// The key where it is written in the policy; `nil` for one that was computed.
  case noSuchKey(String?)
  case indexOutOfRange
  case noSuchOverload(String)
  case invalidArgument(String)
  case unknownName(String)
  /// The host has no value for a variable or function.
  case unavailable(String)
  /// A slot that needs itself.
  case cycle
  /// More loop turns or a larger value than the bounds allow.
  case tooMuchWork
}

extension EvaluationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .overflow: "a number is out of range"
    case .divisionByZero: "division by zero"
    case .noSuchKey(let key?): "no such key '\(key)'"
    case .noSuchKey(nil): "no such key"
    case .indexOutOfRange: "an index is out of range"
    case .noSuchOverload(let function): "'\(function)' does not take values of these types"
    case .invalidArgument(let reason): reason
    case .unknownName(let name): "'\(name)' is not declared"
    case .unavailable(let name): "'\(name)' has no value here"
    case .cycle: "a value depends on itself"
    case .tooMuchWork: "the expression does more work than is allowed"
    }
  }
}
