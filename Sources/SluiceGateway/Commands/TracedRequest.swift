import SluiceCompiler
import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry

/// A request that walks a graph without asking an upstream.
///
/// The real graph decides; what is left out is only the sending. Counts and caches start empty, all
/// breakers are closed and nothing is spent, unless `states` says otherwise.
struct TracedRequest: Sendable {
  var body: [UInt8]
  /// The path that the request goes to.
  var service = Service.chat
  var asker = TraceCommand.Asker()
  /// Further fields.
  var headers: [Header] = []
  /// The time at which it comes, in nanoseconds since 1970; `nil`: now.
  var wall: Int64?
  var states: [State] = []

  struct Header: Sendable, Hashable {
    var name: String
    var value: String
  }

  /// What an expression reads of the gateway's state.
  enum State: Sendable, Hashable {
    case breaker(model: String, state: String)
    case remaining(budget: String, NanoDollars)
  }

  init(body: [UInt8]) { self.body = body }

  /// The policy lowered for this request alone.
  ///
  /// `semantic` makes what its semantic cache remembers by, if it has one.
  func generation(
    _ policy: Policy,
    hash: String,
    tokens: PromptCount?,
    semantic: (MetricsRegistry) -> SemanticMemory? = { _ in nil }
  ) -> Generation {
    var policy = policy
    // A key that says what the asker says, also where the policy names no file of keys.
    if asker.hasKey, policy.identity.keys == nil { policy.identity.keys = "--as" }
    let keys = TracedKey(record: asker.record(under: policy))
    let lowered = Compiler.lower(
      policy,
      hash: hash,
      number: 1,
      ports: .unconnected(policy, keys: keys, tokens: tokens, semantic: semantic)
    )
    guard !states.isEmpty else { return lowered }
    return Generation(
      number: lowered.number,
      hash: lowered.hash,
      policy: lowered.policy,
      graph: lowered.graph,
      features: lowered.features,
      states: TracedStates(given: states, others: lowered.states),
      tokens: tokens
    )
  }

  /// Walks on the loop of `world`, which must be the caller's.
  ///
  /// - Returns: the exchange at its end; `nil` if the fields make no head.
  func walk(_ generation: Generation, in world: any World) async -> Exchange? {
    guard let fields = asker.fields(with: headers) else { return nil }
    var start = world.now
    if let wall { start.wall = wall }
    let exchange = Exchange(
      id: "req_trace",
      request: ClientRequest(
        service: service,
        method: "POST",
        path: "/v1\(service.asked?.path ?? "")",
        fields: fields,
        body: body,
        peer: HostAddress(asker.address) ?? HostAddress(ipv4: 0x7f00_0001)
      ),
      generation: generation,
      world: world,
      sink: NoSink(),
      cancellation: Cancellation(),
      startedAt: start,
      deadline: .max,
      isTraced: true
    )
    await GraphRunner.run(exchange, service: service)
    return exchange
  }
}

extension TraceCommand.Asker {
  /// The fields of the request; `nil` if they make no head.
  fileprivate func fields(with headers: [TracedRequest.Header]) -> HeaderFields? {
    var head: [UInt8] = []
    RequestWriter.begin(.post, target: "/v1/chat/completions", host: "localhost", to: &head)
    if hasKey { HeadWriter.append("Authorization", "Bearer traced", to: &head) }
    if let product, !hasKey { HeadWriter.append("X-Sluice-Product", product, to: &head) }
    HeadWriter.append("Content-Type", "application/json", to: &head)
    HeadWriter.append(.length(0), to: &head)
    for header in headers {
      head += Array(header.name.utf8) + ": ".utf8 + header.value.utf8 + "\r\n".utf8
    }
    HeadWriter.end(&head)
    var parser = RequestHeadParser()
    guard case .head(let parsed, let consumed) = parser.parse(head.span), consumed == head.count
    else { return nil }
    return parsed.fields
  }

  fileprivate func record(under policy: Policy) -> KeyRecord {
    KeyRecord(
      id: "--as",
      digest: Digest(of: []),
      tenant: tenant ?? "",
      user: user ?? "",
      tier: tier ?? policy.identity.anonymous?.tier ?? "",
      products: product.map { [$0] } ?? policy.identity.anonymous?.products ?? [],
      expiresAt: nil
    )
  }
}

/// The one key that there is in a trace.
private struct TracedKey: KeyDirectory {
  let record: KeyRecord
  func record(of digest: Digest) -> KeyRecord? { record }
}

/// States that are given, and those of an idle gateway.
private struct TracedStates: StateReads {
  let given: [TracedRequest.State]
  let others: any StateReads

  func breakerState(of model: String, at moment: Moment) -> String {
    for case .breaker(model, let state) in given { return state }
    return others.breakerState(of: model, at: moment)
  }

  func budgetRemaining(
    of budget: String,
    tier: String,
    in frame: inout Frame,
    at moment: Moment
  ) throws(EvaluationError) -> NanoDollars {
    for case .remaining(budget, let amount) in given { return amount }
    return try others.budgetRemaining(of: budget, tier: tier, in: &frame, at: moment)
  }
}

/// Where the reply of a traced exchange goes.
private final class NoSink: ReplySink {
  func begin(status: Int, fields: HeaderLines) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}
