import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceTelemetry
import SluiceTestSupport
import SluiceUpstream
import Synchronization
import Testing

@testable import SluiceServer

/// A graph of one stage, which a test gives.
struct OneStage: WaitingStage {
  let exits = ["done"]
  let body: @Sendable (Exchange) async throws(Failure) -> Void

  func decide(_ exchange: Exchange) async -> ExitIndex {
    do throws(Failure) {
      try await body(exchange)
    } catch {
      exchange.outcome = exchange.cancellation.reason == nil ? .cut(error) : .abandoned
    }
    return ExitIndex(0)
  }

  func generation(_ number: UInt64 = 1, policy: Policy = Policy()) -> Generation {
    var builder = GraphBuilder()
    builder.add(.attempt, "one", place: .builtIn, waiting: self, exits: ["done": nil])
    for service in Service.allCases { builder.enter(service, at: "one") }
    return Generation(
      number: number,
      hash: "",
      policy: policy,
      graph: builder.build { _, _ in Counter() },
      features: []
    )
  }

  /// Hands the upstream's reply on as it comes.
  static func passing(to upstream: any Upstream) -> OneStage {
    OneStage { exchange throws(Failure) in
      let reply = try await upstream.send(
        UpstreamRequest(
          path: "/chat/completions",
          fields: exchange.request.fields,
          body: exchange.request.body,
          headDeadline: exchange.deadline
        ),
        in: exchange.world,
        cancellation: exchange.cancellation
      )
      var fields = exchange.replyFields
      fields.append("content-type", reply.field("content-type") ?? "")
      try await exchange.sink.begin(status: reply.status, fields: fields)
      while let bytes = try await reply.read() { try await exchange.sink.write(bytes) }
      try await exchange.sink.finish()
      exchange.outcome = .streamed
    }
  }
}

/// Notes what it sees.
final class Watcher: ExchangeObserver {
  private let seen = Mutex<[String]>([])
  let finished = Signal<Int>()

  func began(_ exchange: Exchange) { seen.withLock { $0.append("began \(exchange.id)") } }

  func finished(_ exchange: Exchange, status: Int, at moment: Moment) {
    seen.withLock { $0.append("finished \(exchange.id)") }
    finished.send(status)
  }

  func refused(_ error: APIError) {
    seen.withLock { $0.append("refused \(error.code ?? "")") }
  }

  var log: [String] { seen.withLock { $0 } }
}

@Suite struct TrafficTests {
  private static let ok = OneStage { exchange throws(Failure) in
    let text = "\(exchange.request.service) \(exchange.request.path) \(exchange.request.peer)"
    exchange.outcome = .reply(
      Reply(status: 200, body: Array(text.utf8) + exchange.request.body, fields: [("x-a", "b")])
    )
  }

  private func serving(
    _ stage: OneStage,
    policy: Policy = Policy(),
    observer: any ExchangeObserver = Watcher(),
    _ body: @escaping @Sendable (EventLoop, SocketAddress, HTTPServer) async throws -> Void
  ) async throws {
    let cell = GenerationCell(stage.generation(policy: policy))
    try await SluiceServerTests.serving(TrafficService(cell, observer: observer), body)
  }

  private static func chat(_ body: String = "{}", fields: String = "") -> String {
    "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
      + "\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test("walks the graph with what the client sent, and answers with the exchange's fields")
  func answers() async throws {
    let watcher = Watcher()
    try await serving(Self.ok, observer: watcher) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(Self.chat("{\"a\":1}"))
      let reply = try await client.reply()
      #expect(reply.body == "chat /v1/chat/completions 127.0.0.1{\"a\":1}")
      #expect(reply.fields.first("content-type") == "application/json")
      #expect(reply.fields.first("cache-control") == "private, no-store")
      #expect(reply.fields.first("x-sluice-generation") == "1")
      #expect(reply.fields.first("x-a") == "b")
      let id = try #require(reply.fields.first("x-request-id"))
      #expect(id.hasPrefix("req_") && id.utf8.count == 28)
      #expect(await watcher.finished.wait() == 200)
      #expect(watcher.log == ["began \(id)", "finished \(id)"])
    }
  }

  @Test("serves completions and embeddings at their own paths")
  func otherPaths() async throws {
    try await serving(Self.ok) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      for service in ["completions", "embeddings"] {
        try await client.say(
          "POST /v1/\(service)?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
            + "Content-Length: 2\r\n\r\n{}"
        )
        #expect(try await client.reply().body == "\(service) /v1/\(service) 127.0.0.1{}")
      }
    }
  }

  @Test("serves the list of models and each of them, whatever stands in a name")
  func models() async throws {
    try await serving(Self.ok) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      for (path, seen) in [
        ("/v1/models", "/v1/models"), ("/v1/models/gpt-4", "/v1/models/gpt-4"),
        ("/v1/models/meta%2Fllama%203", "/v1/models/meta/llama 3"),
        ("/v1/models/meta/llama?x=1", "/v1/models/meta/llama"),
        ("/v1/models/100%", "/v1/models/100%"),
      ] {
        try await client.say("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try await client.reply().body == "models \(seen) 127.0.0.1")
      }
      try await client.say("HEAD /v1/models HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try await client.reply(toHead: true).status == 200)
    }
  }

  @Test(
    "says what is wrong with a path, a method or a media type",
    arguments: [
      ("GET /v1/chat/completions", "", 405, "method_not_allowed"),
      ("HEAD /", "", 404, ""),
      ("GET /", "", 404, "not_found"),
      ("POST /v1/embeddings/x", "application/json", 404, "not_found"),
      ("POST /v1/models", "application/json", 405, "method_not_allowed"),
      ("POST /chat/completions", "application/json", 404, "not_found"),
      ("GET /v1/modelsx", "", 404, "not_found"),
      ("GET /v1/completions", "", 405, "method_not_allowed"),
      ("POST /v1/completions", "text/plain", 415, "unsupported_media_type"),
      ("POST /v1/embeddings", "", 415, "unsupported_media_type"),
      ("POST /v1/chat/completions", "", 415, "unsupported_media_type"),
      ("POST /v1/chat/completions", "text/plain", 415, "unsupported_media_type"),
      ("POST /v1/chat/completions", "application/jsonp", 415, "unsupported_media_type"),
      ("POST /v1/chat/completions", "Application/JSON; charset=utf-8", 200, ""),
    ]
  )
  func destinations(line: String, type: String, status: Int, code: String) async throws {
    try await serving(Self.ok) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      let field = type.isEmpty ? "" : "Content-Type: \(type)\r\n"
      try await client.say("\(line) HTTP/1.1\r\nHost: h\r\n\(field)Content-Length: 2\r\n\r\n{}")
      let reply = try await client.reply(toHead: line.hasPrefix("HEAD"))
      #expect(reply.status == status)
      #expect(code.isEmpty || reply.body.contains("\"code\":\"\(code)\""))
      #expect(reply.fields.first("allow") != nil || status != 405)
      #expect(reply.keepAlive)
    }
  }

  @Test("refuses in the dialect, with the fields that clients act on")
  func refusals() async throws {
    let stage = OneStage { exchange throws(Failure) in
      exchange.refuse(
        exchange.request.body.isEmpty
          ? .rateLimited(limit: "per-user", retryAfterSeconds: 7)
          : .insufficientQuota(reason: "budget")
      )
    }
    try await serving(stage) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(Self.chat(""))
      var reply = try await client.reply()
      #expect(reply.status == 429)
      #expect(reply.fields.first("retry-after") == "7")
      #expect(reply.fields.first("x-request-id") != nil)
      try await client.say(Self.chat())
      reply = try await client.reply()
      #expect(reply.fields.first("x-should-retry") == "false")
      #expect(reply.body.contains("insufficient_quota"))
    }
  }

  @Test("tells of what is turned away before it is an exchange")
  func turnedAway() async throws {
    let watcher = Watcher()
    try await serving(Self.ok, observer: watcher) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET /v2 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try await client.reply().status == 404)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n")
      #expect(try await client.reply().status == 400)
      #expect(watcher.log == ["refused not_found", "refused malformed_http"])
    }
  }

  @Test("bounds the body by the policy")
  func maximumBody() async throws {
    var policy = Policy()
    policy.server.maxBody = 5
    try await serving(Self.ok, policy: policy) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(Self.chat("{   }"))
      #expect(try await client.reply().status == 200)
      try await client.say(Self.chat("{    }"))
      #expect(try await client.reply().status == 413)
    }
  }

  @Test("keeps the generation that the head met, and gives the next request the new one")
  func generations() async throws {
    let arrived = Signal<Bool>()
    let goOn = Signal<Bool>()
    let stage = OneStage { exchange throws(Failure) in
      arrived.send(true)
      _ = await goOn.wait()
      exchange.outcome = .reply(
        Reply(status: 200, body: Array("\(exchange.generation.number)".utf8))
      )
    }
    let cell = GenerationCell(stage.generation(1))
    try await SluiceServerTests.serving(TrafficService(cell, observer: Watcher())) {
      loop,
      address,
      _ in
      let client = try await Client.connect(to: address, on: loop)
      for number in 1...2 {
        try await client.say(Self.chat())
        _ = await arrived.wait()
        if number == 1 { cell.publish(stage.generation(2)) }
        goOn.send(true)
        #expect(try await client.reply().body == "\(number)")
      }
    }
  }

  @Test("answers 500 for a graph that ends without an outcome")
  func pending() async throws {
    try await serving(OneStage { _ throws(Failure) in }) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(Self.chat())
      #expect(try await client.reply().status == 500)
    }
  }

  @Test("hands a chunk of the upstream on before the upstream sends the next")
  func passThrough() async throws {
    try await onLoop { loop in
      let upstreamPeer = Signal<TCPStream>()
      let listener = try TCPListener(try anyLoopback(), on: loop)
      listener.start { upstreamPeer.send($0) }
      let upstream = try Self.upstream(listener.address, on: loop)
      let cell = GenerationCell(OneStage.passing(to: upstream).generation())
      let server = HTTPServer(TrafficService(cell, observer: Watcher()), on: [loop])
      let binding = try server.bind([try anyLoopback()])
      server.listen(on: binding)

      let client = try await Client.connect(to: binding.addresses[0], on: loop)
      try await client.say(Self.chat(fields: "Authorization: Bearer sk-client\r\n"))
      let peer = await upstreamPeer.wait()
      var request = ""
      while !request.hasSuffix("{}") {
        request += String(decoding: try await peer.read(), as: UTF8.self)
      }
      #expect(request.contains("Authorization: Bearer sk-upstream\r\n"))
      #expect(!request.contains("sk-client"))
      try await peer.write(
        Array(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .utf8
        )
      )
      #expect(try await client.head().status == 200)
      for event in ["data: 1\n\n", "data: 2\n\n"] {
        try await peer.write(Array("9\r\n\(event)\r\n".utf8))
        #expect(try await client.chunk() == Array(event.utf8))
      }
      try await peer.write(Array("0\r\n\r\n".utf8))
      #expect(try await client.chunk() == nil)
      peer.close()
      upstream.retire()
    }
  }

  @Test("closes the upstream's connection when the client leaves")
  func clientLeaves() async throws {
    try await onLoop { loop in
      let upstreamPeer = Signal<TCPStream>()
      let listener = try TCPListener(try anyLoopback(), on: loop)
      listener.start { upstreamPeer.send($0) }
      let upstream = try Self.upstream(listener.address, on: loop)
      let cell = GenerationCell(OneStage.passing(to: upstream).generation())
      let watcher = Watcher()
      let server = HTTPServer(TrafficService(cell, observer: watcher), on: [loop])
      let binding = try server.bind([try anyLoopback()])
      server.listen(on: binding)

      let client = try await Client.connect(to: binding.addresses[0], on: loop)
      try await client.say(Self.chat())
      let peer = await upstreamPeer.wait()
      _ = try await peer.read()
      client.stream.close()
      #expect(try await peer.read().isEmpty)
      #expect(await watcher.finished.wait() == 0)
      #expect(upstream.busyConnections == 0)
      peer.close()
    }
  }

  private static func upstream(
    _ address: SocketAddress,
    on loop: EventLoop
  ) throws -> HTTPUpstream {
    try HTTPUpstream(
      name: "test",
      url: "http://\(address)",
      secret: "sk-upstream",
      timeouts: UpstreamSettings.Timeouts(),
      version: "1",
      loops: [loop],
      resolver: Resolver(on: try blocking.get(), world: loop)
    )
  }
}

/// One thread for all look-ups of these tests.
private let blocking = Result { try BlockingExecutor(threads: 1) }
