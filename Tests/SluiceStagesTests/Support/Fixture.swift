import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry

/// Makes exchanges of small graphs.
struct Fixture: Sendable {
  var world = FakeWorld()
  var policy = Policy()

  /// A graph of one node whose exits end the walk.
  static func graph(_ stage: some Stage) -> Graph {
    var builder = GraphBuilder()
    builder.add(
      .limit,
      "node",
      place: .builtIn,
      stage: stage,
      exits: Dictionary(uniqueKeysWithValues: stage.exits.map { ($0, String?.none) })
    )
    builder.enter(.chat, at: "node")
    return builder.build { _, _ in Counter() }
  }

  func exchange(
    _ graph: Graph,
    fields: [(String, String)] = [],
    body: String = "{}",
    peer: String = "192.0.2.7",
    caller: Caller? = nil,
    cancellation: Cancellation = Cancellation(),
    deadline: Duration = .seconds(60),
    isTraced: Bool = false,
    tokens: PromptCount? = nil,
    service: Service = .chat
  ) -> Exchange {
    let now = world.now
    let exchange = Exchange(
      id: "req_test",
      request: ClientRequest(
        service: service,
        method: "POST",
        path: "/v1\(service.asked?.path ?? "/models")",
        fields: Self.headerFields(fields),
        body: Array(body.utf8),
        peer: HostAddress(peer) ?? HostAddress(ipv4: 0)
      ),
      generation: Generation(
        number: 1,
        hash: "",
        policy: policy,
        graph: graph,
        features: [],
        states: GatewayStates(policy, breakers: BreakerTable(), ledger: JournaledLedger.unused()),
        tokens: tokens
      ),
      world: world,
      sink: NoSink(),
      cancellation: cancellation,
      startedAt: now,
      deadline: now.monotonic + deadline.nanoseconds,
      isTraced: isTraced
    )
    if let caller { exchange.caller = caller }
    return exchange
  }

  /// The last exit of an exchange's walk.
  static func exit(_ exchange: Exchange) -> String? {
    guard let step = exchange.trail.steps.last else { return nil }
    return exchange.generation.graph[step.node].exits[step.exit.position].name
  }

  static func headerFields(_ fields: [(String, String)]) -> HeaderFields {
    let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
    let head = Array("GET / HTTP/1.1\r\nHost: x\r\n\(lines)\r\n".utf8)
    var parser = RequestHeadParser()
    guard case .head(let parsed, _) = parser.parse(head.span) else {
      preconditionFailure("not a head: \(lines)")
    }
    return parsed.fields
  }

  /// An expression of the policy's language, ready to run.
  static func program(_ source: String) -> Program {
    let outcome = CheckedExpression.check(
      source,
      in: Environment(phase: .routed, features: [])
    )
    guard let expression = outcome.expression else {
      preconditionFailure("\(source): \(outcome.issues)")
    }
    return expression.program()
  }
}

extension Exchange {
  var refusal: APIError? {
    if case .refused(let error) = outcome { return error }
    return nil
  }

  var reply: Reply? {
    if case .reply(let reply) = outcome { return reply }
    return nil
  }
}
