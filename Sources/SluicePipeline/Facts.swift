import SluiceCore
package import SluiceDialects
package import SluiceExpressions
import SluiceHTTP
import SluicePolicy

/// What the expressions of a policy can read of one exchange.
///
/// The frame asks for a variable once, when an expression first needs it, so that nothing of a
/// request is decoded that no live expression names.
package final class Facts {
  package let request: ClientRequest
  package var caller: Caller
  /// The parsed body; set by the node `request`.
  package var asked: ModelRequest?
  /// What was counted before an expression asks, since it is too long to be counted on a loop.
  package var promptTokens: Int?
  package var route = ""
  package var target = ""
  private let features: [Program]
  private let states: any StateReads
  private let tokens: PromptCount?
  private let now: Moment

  init(
    request: ClientRequest,
    features: [Program],
    states: any StateReads,
    tokens: PromptCount?,
    now: Moment
  ) {
    self.request = request
    self.features = features
    self.states = states
    self.tokens = tokens
    self.now = now
    caller = .nobody
  }
}

extension Facts: FrameSource {
  package func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    guard let variable = PolicyVariable(rawValue: slot) else {
      return try features[slot - PolicyVariable.allCases.count].evaluate(&frame)
    }
    switch variable {
    case .requestModel: return .string(try parsed(variable).model)
    case .requestStream: return .bool(try parsed(variable).isStreaming)
    case .requestMaxTokens: return .int(Int64(try parsed(variable).outputLimit ?? 0))
    case .requestTemperature: return .double(try parsed(variable).temperature ?? 1)
    case .requestTools: return .list(try parsed(variable).toolNames.map { .string($0) })
    case .requestText: return .string(try parsed(variable).allText)
    case .requestPath: return .string(request.path)
    case .promptText: return .string(try parsed(variable).lastUserText)
    case .headers: return .map(headers)
    case .userID: return .string(caller.user)
    case .userTier: return .string(caller.tier)
    case .tenant: return .string(caller.tenant)
    case .product: return .string(caller.product)
    case .clientIP: return .string(caller.addressKey)
    case .now: return .timestamp(Timestamp(wallNanoseconds: now.wall))
    case .route: return .string(route)
    case .target: return .string(target)
    case .promptTokens:
      if let promptTokens { return .int(Int64(promptTokens)) }
      guard let tokens else { throw .unavailable(variable.name) }
      return .int(Int64(tokens.tokens(of: try parsed(variable), body: request.body)))
    case .modelName, .modelUpstream: throw .unavailable(variable.name)
    }
  }

  package func bounds(ofSlot slot: Int) -> ClosedRange<Int64>? {
    guard slot == PolicyVariable.promptTokens.slot, promptTokens == nil, let tokens, let asked
    else { return nil }
    let bounds = tokens.bounds(of: asked)
    return Int64(bounds.lowerBound)...Int64(bounds.upperBound)
  }

  package func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    guard let read = StateFunction(rawValue: function) else { throw .unavailable("a function") }
    switch read {
    case .breakerState:
      guard case .string(let model)? = arguments.first else { throw .noSuchOverload("breaker") }
      return .string(states.breakerState(of: model, at: now))
    case .budgetRemaining:
      guard case .string(let budget)? = arguments.first else { throw .noSuchOverload("budget") }
      return .money(
        try states.budgetRemaining(of: budget, tier: caller.tier, in: &frame, at: now)
      )
    // Only a switch's own condition can ask.
    case .spend: throw .unavailable(read.declaration.fullName)
    }
  }

  /// The tokens of the prompt if they are fewer than `limit`; else `limit`, without counting on.
  func promptTokens(upTo limit: Int) -> Int? {
    guard let tokens, let asked else { return nil }
    return tokens.tokens(of: asked, body: request.body, upTo: limit)
  }

  /// Whether each input of the request has fewer tokens than `limit`.
  ///
  /// Told from the length of the body if that tells, which it nearly always does: a token is at
  /// least a byte of it. Without a table of tokens the upstream is left to judge.
  package func inputs(areBelow limit: Int) -> Bool {
    guard request.body.count >= limit, let tokens, let asked else { return true }
    return tokens.inputs(of: asked, body: request.body, areBelow: limit)
  }

  private func parsed(_ variable: PolicyVariable) throws(EvaluationError) -> ModelRequest {
    guard let asked else { throw .unavailable(variable.name) }
    return asked
  }

  /// All fields but those that carry secrets; repeated ones are joined as RFC 9110 §5.3 says.
  private var headers: ValueMap {
    // Few, and mostly of different lengths: comparing them costs less than hashing each.
    var fields: [(name: String, value: String)] = []
    fields.reserveCapacity(request.fields.count)
    for index in 0..<request.fields.count {
      let name = request.fields.lowercasedName(at: index)
      guard !Self.secretFields.contains(name) else { continue }
      let value = request.fields.value(at: index)
      if let place = fields.firstIndex(where: { $0.name == name }) {
        fields[place].value += ", \(value)"
      } else {
        fields.append((name, value))
      }
    }
    fields.sort { $0.name < $1.name }
    return ValueMap(strings: fields.map { ($0.name, $0.value) })
  }

  private static let secretFields = [
    "authorization", "proxy-authorization", "cookie", "api-key", "x-api-key",
  ]
}
