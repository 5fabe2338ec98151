import SluiceCore

@testable import SluiceExpressions

/// A small host to check and run expressions in: some variables, some functions, three phases.
struct Sample: FrameSource {
  static let request = Environment.Phase(rank: 0, name: "request")
  static let routed = Environment.Phase(rank: 1, name: "routed")
  static let settled = Environment.Phase(rank: 2, name: "settled")

  /// Counts what was asked; a reference, since sources are values.
  final class Log {
    var slots: [Int] = []
    var calls: [[Value]] = []
  }

  var values: [String: Value] = [
    "request.model": .string("gpt-4"),
    "request.stream": .bool(false),
    "prompt.tokens": .int(150),
    "prompt.text": .string("Please COMPARE these two."),
    "product": .string("search"),
    "user.tier": .string("premium"),
    "user.id": .string("u-17"),
    "headers": .strings([("x-canary", "1"), ("accept", "text/plain")]),
    "now": .timestamp(Timestamp(wallNanoseconds: 1_769_846_400_000_000_000)),
    "ratio": .double(0.5),
    "target": .string("fast"),
  ]
  /// Features by name: expressions over the same frame.
  var features: [String: Program] = [:]
  var tokenBounds: ClosedRange<Int64>?
  let log = Log()

  private static let types: [(name: String, type: CELType, phases: Set<Environment.Phase>)] = [
    ("request.model", .string, [request, routed]),
    ("request.stream", .bool, [request, routed]),
    ("prompt.tokens", .int, [request, routed]),
    ("prompt.text", .string, [request, routed]),
    ("product", .string, [request, routed]),
    ("user.tier", .string, [request, routed]),
    ("user.id", .string, [request, routed]),
    ("headers", .map(.string, .string), [request, routed]),
    ("now", .timestamp, [request, routed, settled]),
    ("ratio", .double, [request, routed]),
    ("target", .string, [routed]),
    ("features.simple", .bool, [request, routed]),
    ("features.looping", .bool, [request, routed]),
  ]

  static func environment(_ phase: Environment.Phase = request) -> Environment {
    Environment(
      phase: phase,
      variables: types.enumerated()
        .map {
          Environment.Variable(
            $1.name,
            $1.type,
            slot: $0,
            phases: $1.phases,
            hasBounds: $1.name == "prompt.tokens"
          )
        },
      functions: [
        Environment.HostFunction(
          "spend",
          [.string],
          returns: .money,
          number: 0,
          phases: [settled],
          needsConstants: true
        ),
        Environment.HostFunction(
          "budget",
          field: "remaining",
          [.string],
          returns: .money,
          number: 1,
          phases: [request, routed, settled],
          needsConstants: true
        ),
        Environment.HostFunction(
          "breaker",
          field: "state",
          [.string],
          returns: .string,
          number: 2,
          phases: [request],
          isEvaluable: false
        ),
      ]
    )
  }

  static func slot(_ name: String) -> Int { types.firstIndex { $0.name == name } ?? -1 }

  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    log.slots.append(slot)
    let name = Self.types[slot].name
    if let feature = features[name] { return try feature.evaluate(&frame) }
    guard let value = values[name] else { throw .unavailable(name) }
    return value
  }

  func bounds(ofSlot slot: Int) -> ClosedRange<Int64>? {
    slot == Self.slot("prompt.tokens") ? tokenBounds : nil
  }

  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    log.calls.append(arguments)
    return .money(NanoDollars(arguments == [.string("1h")] ? 60 : 7))
  }

  var frame: Frame { Frame(slots: Self.types.count, source: self) }

  // MARK: Shorthand

  struct Rejected: Error { let issues: [ExpressionIssue] }

  static func check(
    _ source: String,
    expecting type: CELType? = nil,
    in phase: Environment.Phase = request
  ) throws -> CheckedExpression {
    let outcome = CheckedExpression.check(source, expecting: type, in: environment(phase))
    guard let expression = outcome.expression else { throw Rejected(issues: outcome.issues) }
    return expression
  }

  static func issues(
    _ source: String,
    expecting type: CELType? = nil,
    in phase: Environment.Phase = request
  ) -> [ExpressionIssue] {
    CheckedExpression.check(source, expecting: type, in: environment(phase)).issues
  }

  func evaluate(_ source: String, in phase: Environment.Phase = request) throws -> Value {
    var frame = frame
    return try Self.check(source, in: phase).program(seed: 1).evaluate(&frame)
  }

  static func evaluate(_ source: String, in phase: Environment.Phase = request) throws -> Value {
    try Sample().evaluate(source, in: phase)
  }
}
