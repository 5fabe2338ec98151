import SluiceCore
package import SluiceExpressions

/// When an expression of a policy runs; a variable exists from its phase on.
package enum PolicyPhase: Int, Sendable, CaseIterable {
  /// Keys of limits: the request phase without `features`, which would be computed for requests
  /// that a limit then refuses.
  case admission
  /// Features, routes, and `split.by`.
  case request
  /// Keys and tags of the cache.
  case routed
  /// Keys of budgets, at a candidate.
  case attempt
  /// A kill switch's `when`.
  case settled

  /// As it stands in messages.
  package var name: String {
    switch self {
    case .admission: "limits"
    case .request: "request"
    case .routed: "routed"
    case .attempt: "attempt"
    case .settled: "settled"
    }
  }

  package var environmentPhase: Environment.Phase {
    Environment.Phase(rank: rawValue, name: name)
  }
}

/// The variables of the policy language: one list, for the language and for the pipeline.
///
/// The language checks against it, the pipeline fills the frame from it; the raw value is the slot.
/// Slots behind the last one belong to `features.NAME`, in the order of `Policy.features`.
package enum PolicyVariable: Int, Sendable, CaseIterable {
  case requestModel
  case requestStream
  case requestMaxTokens
  case requestTemperature
  case requestTools
  case requestText
  case requestPath
  case promptText
  case promptTokens
  case headers
  case userID
  case userTier
  case tenant
  case product
  case clientIP
  case now
  case route
  case target
  case modelName
  case modelUpstream

  package var slot: Int { rawValue }

  /// The slot of the feature at `position` in `Policy.features`.
  package static func slot(ofFeature position: Int) -> Int { allCases.count + position }

  package var name: String {
    switch self {
    case .requestModel: "request.model"
    case .requestStream: "request.stream"
    case .requestMaxTokens: "request.max_tokens"
    case .requestTemperature: "request.temperature"
    case .requestTools: "request.tools"
    case .requestText: "request.text"
    case .requestPath: "request.path"
    case .promptText: "prompt.text"
    case .promptTokens: "prompt.tokens"
    case .headers: "headers"
    case .userID: "user.id"
    case .userTier: "user.tier"
    case .tenant: "tenant"
    case .product: "product"
    case .clientIP: "client.ip"
    case .now: "now"
    case .route: "route"
    case .target: "target"
    case .modelName: "model.name"
    case .modelUpstream: "model.upstream"
    }
  }

  package var type: CELType {
    switch self {
    case .requestStream: .bool
    case .requestMaxTokens, .promptTokens: .int
    case .requestTemperature: .double
    case .requestTools: .list(.string)
    case .headers: .map(.string, .string)
    case .now: .timestamp
    case .requestModel, .requestText, .requestPath, .promptText, .userID, .userTier, .tenant,
      .product, .clientIP, .route, .target, .modelName, .modelUpstream:
      .string
    }
  }

  /// In a line, for the language reference.
  package var meaning: String {
    switch self {
    case .requestModel: "what the client named: `auto`, a target or a model"
    case .requestStream: "whether the client asked for a stream"
    case .requestMaxTokens: "`max_completion_tokens` or `max_tokens`; 0 if neither was given"
    case .requestTemperature: "1.0 if it was not given, as the API says"
    case .requestTools: "the names of the tools that are offered"
    case .requestText: "the text of all messages or prompts, a line break between them"
    case .requestPath: "the path of the request, without its query"
    case .promptText: "the text of the last user turn; of a completion or an embedding, all of it"
    case .promptTokens: "tokens of the whole input"
    case .headers: "the request's fields, names in lower case; never credentials or cookies"
    case .userID: "who asks, within a tenant; `ip:…` for anonymous callers"
    case .userTier: "the level that is paid for; the empty string if none is set"
    case .tenant: "the customer that the key belongs to"
    case .product: "what the request is for"
    case .clientIP: "the client's address; IPv6 as its /64"
    case .now: "the time at which the exchange began"
    case .route: "the name of the route that was taken"
    case .target: "the name of the target that was chosen"
    case .modelName: "the candidate's name"
    case .modelUpstream: "the candidate's upstream"
    }
  }

  /// Bytes that its value can have, from the bounds on requests; the body as large as it is by
  /// default.
  package var maximumBytes: Int {
    switch self {
    case .requestText, .promptText, .requestTools: ServerSettings().maxBody
    case .requestStream, .requestMaxTokens, .requestTemperature, .promptTokens, .now: 16
    case .headers, .requestModel, .requestPath, .userID, .userTier, .tenant, .product, .clientIP:
      Bounds.headBytes
    case .route, .target, .modelName, .modelUpstream: Bounds.policyNameBytes
    }
  }

  /// Whether its value lies ready when a request is routed: to read it costs nothing and cannot
  /// fail, so that an index may ask for it whether or not a condition would have.
  package var isAtHand: Bool {
    switch self {
    case .requestModel, .requestStream, .requestPath, .userID, .userTier, .tenant, .product,
      .clientIP:
      true
    case .requestMaxTokens, .requestTemperature, .requestTools, .requestText, .promptText,
      .promptTokens, .headers, .now, .route, .target, .modelName, .modelUpstream:
      false
    }
  }

  package var phases: [PolicyPhase] {
    switch self {
    case .now: PolicyPhase.allCases
    case .route, .target: [.routed, .attempt]
    case .modelName, .modelUpstream: [.attempt]
    default: [.admission, .request, .routed, .attempt]
    }
  }
}

/// The functions of the policy language that read state.
package enum StateFunction: Int, Sendable, CaseIterable {
  case spend
  case budgetRemaining
  case breakerState

  package var declaration: Environment.HostFunction {
    switch self {
    case .spend:
      Environment.HostFunction(
        "spend",
        [.string],
        returns: .money,
        number: rawValue,
        phases: Self.phases([.settled]),
        needsConstants: true
      )
    case .budgetRemaining:
      Environment.HostFunction(
        "budget",
        field: "remaining",
        [.string],
        returns: .money,
        number: rawValue,
        phases: Self.phases([.request, .routed, .attempt, .settled]),
        needsConstants: true
      )
    case .breakerState:
      Environment.HostFunction(
        "breaker",
        field: "state",
        [.string],
        returns: .string,
        number: rawValue,
        phases: Self.phases([.request, .routed, .attempt]),
        needsConstants: true
      )
    }
  }

  private static func phases(_ phases: [PolicyPhase]) -> Set<Environment.Phase> {
    Set(phases.map(\.environmentPhase))
  }
}

extension Environment {
  /// What expressions of `phase` may name, with the features of a policy and their types.
  package init(phase: PolicyPhase, features: [(name: String, type: CELType)]) {
    self.init(
      phase: phase.environmentPhase,
      variables: PolicyVariable.allCases.map { variable in
        Environment.Variable(
          variable.name,
          variable.type,
          slot: variable.slot,
          phases: Set(variable.phases.map(\.environmentPhase)),
          hasBounds: variable == .promptTokens
        )
      },
      functions: StateFunction.allCases.map(\.declaration)
    )
    for (position, feature) in features.enumerated() {
      declare(
        Environment.Variable(
          "features.\(feature.name)",
          feature.type,
          slot: PolicyVariable.slot(ofFeature: position),
          phases: Set([PolicyPhase.request, .routed, .attempt].map(\.environmentPhase))
        )
      )
    }
  }
}
