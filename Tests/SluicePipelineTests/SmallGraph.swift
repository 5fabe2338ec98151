import SluiceCore
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceTelemetry
import SluiceTestSupport
import Synchronization

/// A stage that always leaves by the same exit.
struct Fixed: Stage {
  enum Exit: Int, StageExit { case goesOn, stops }

  let exits = Exit.names
  let exit: Exit
  var promise: Promise?

  func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if let promise { exchange.atEnd(promise) }
    exchange.explain("because")
    return exit.index
  }
}

/// An obligation that notes when it was met.
struct Promise: Obligation {
  let name: String
  let kept: Diary

  func finish(_ exchange: Exchange, at moment: Moment) { kept.append(name) }
}

/// What happened, in order.
final class Diary: Sendable {
  private let entries = Mutex<[String]>([])
  func append(_ entry: String) { entries.withLock { $0.append(entry) } }
  var all: [String] { entries.withLock { $0 } }
}

/// A client that takes nothing.
final class NoSink: ReplySink {
  func begin(status: Int, fields: HeaderLines) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}

/// Two nodes: `first`, which may lead to `second`.
struct SmallGraph {
  var first = Fixed(exit: .goesOn)
  var second = Fixed(exit: .stops)

  func graph(counting counters: [String: Counter] = [:]) -> Graph {
    var builder = GraphBuilder()
    builder.add(
      .limit,
      "first",
      summary: "5/m by \"user\"",
      place: SourcePlace(file: "limits.yaml", line: 3, column: 5),
      stage: first,
      exits: ["goes_on": "second", "stops": nil]
    )
    builder.add(
      .route,
      "second",
      place: .builtIn,
      stage: second,
      exits: ["goes_on": nil, "stops": nil]
    )
    builder.enter(.chat, at: "first")
    return builder.build { node, exit in counters["\(node):\(exit)"] ?? Counter() }
  }

  func exchange(
    _ graph: Graph,
    fields: [(String, String)] = [],
    policy: Policy = Policy(),
    isTraced: Bool = false
  ) -> Exchange {
    let world = StillWorld(at: Moment(monotonic: 1, wall: 1_795_506_600_000_000_000))
    return Exchange(
      id: "req_test",
      request: ClientRequest(
        service: .chat,
        method: "POST",
        path: "/v1/chat/completions",
        fields: Self.headerFields(fields),
        body: [],
        peer: HostAddress(ipv4: 0)
      ),
      generation: Generation(number: 7, hash: "", policy: policy, graph: graph, features: []),
      world: world,
      sink: NoSink(),
      cancellation: Cancellation(),
      startedAt: world.now,
      deadline: .max,
      isTraced: isTraced
    )
  }

  private static func headerFields(_ fields: [(String, String)]) -> HeaderFields {
    let lines = fields.map { "\($0.0): \($0.1)\r\n" }.joined()
    var parser = RequestHeadParser()
    let head = Array("GET / HTTP/1.1\r\nHost: x\r\n\(lines)\r\n".utf8)
    guard case .head(let parsed, _) = parser.parse(head.span) else {
      preconditionFailure("not a head: \(lines)")
    }
    return parsed.fields
  }
}
