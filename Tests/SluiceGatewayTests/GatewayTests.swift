import SluiceCore
import SluiceJSON
import SluiceLanguage
import SluicePipeline
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceGateway

/// One gateway at a time: signals belong to the process.
@Suite("The whole gateway, in this process", .serialized)
struct GatewayTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(Policies.simulated(), to: "p.yaml")
  }

  private var options: GatewayOptions {
    var options = GatewayOptions(bundle: "\(folder.path)/p.yaml")
    options.overrides = PolicyOverrides(listen: ["127.0.0.1:0"], admin: "127.0.0.1:0")
    options.stateFolder = "\(folder.path)/state"
    options.loops = 1
    options.log = .none
    return options
  }

  /// Runs `body` against a gateway, and drains it.
  private func withGateway(
    _ body: @escaping @Sendable (Gateway, Client) async throws -> Void
  ) async throws {
    try await OneAtATime.signals.run { try await runGateway(body) }
  }

  private func runGateway(
    _ body: @escaping @Sendable (Gateway, Client) async throws -> Void
  ) async throws {
    let gateway = try await Gateway.start(options)
    let token = try folder.read("state/admin-token").dropLast()
    let client = Client(gateway: gateway, token: String(token))
    let result = await Task(executorPreference: gateway.machine.world) {
      () async -> Result<Void, any Error> in
      do {
        return .success(try await body(gateway, client))
      } catch {
        return .failure(error)
      }
    }
    .value
    gateway.stop()
    await gateway.run()
    try result.get()
  }

  @Test("answers, and answers again from its cache")
  func answers() async throws {
    try await withGateway { _, client in
      let first = try await client.ask("hi")
      #expect(first.hasPrefix("HTTP/1.1 200 OK"))
      #expect(first.contains("x-sluice-cache: miss") && first.contains("x-sluice-generation: 1"))
      let second = try await client.ask("hi")
      #expect(second.contains("x-sluice-cache: exact"))
      let metrics = try await client.read("/metrics")
      #expect(
        metrics.contains(
          #"llm_requests_total{model="small",status="success",cache_hit="true"} 1"#
        )
      )
      #expect(metrics.contains("llm_active_requests 0"))
      #expect(try await client.read("/readyz").contains("200 OK"))
      #expect(try await client.read("/").contains("<h1>Sluice"))
    }
  }

  @Test("forgets answers by order")
  func invalidates() async throws {
    try await withGateway { _, client in
      _ = try await client.ask("hi")
      let order = try await client.order("/cache/invalidate", #"{"product":"support"}"#)
      #expect(order.hasSuffix("{\"forgotten\":1}\n"))
      let again = try await client.order("/cache/invalidate", #"{"product":"support"}"#)
      #expect(again.hasSuffix("{\"forgotten\":0}\n"))
      let misspelt = try await client.order("/cache/invalidate", #"{"product":"suport"}"#)
      #expect(misspelt.hasPrefix("HTTP/1.1 404") && misspelt.contains("Did you mean `support`?"))
      #expect(try await client.ask("hi").contains("x-sluice-cache: miss"))
    }
  }

  @Test("takes a new policy, refuses a wrong one, and goes back")
  func reloads() async throws {
    let folder = folder
    let first = Policies.simulated(output: 8)
    try await withGateway { gateway, client in
      func reload() async throws -> String { try await client.order("/policy/reload", "{}") }
      #expect(try await reload().contains(#""result":"unchanged""#))

      try folder.write(first.replacing("output: 8", with: "output: 9"), to: "p.yaml")
      let accepted = try await reload()
      #expect(accepted.contains("200 OK") && gateway.console.installer.cell.generation.number == 2)

      try folder.write(first + "\nnonsense: 1\n", to: "p.yaml")
      let refused = try await reload()
      #expect(refused.hasPrefix("HTTP/1.1 422"))
      #expect(refused.contains("SL0002"))
      #expect(gateway.console.installer.cell.generation.number == 2)
      #expect(try await client.read("/metrics").contains("sluice_config_refused 1"))
      #expect(try await client.ask("hi").hasPrefix("HTTP/1.1 200 OK"))

      let back = try await client.order("/policy/rollback", "")
      #expect(back.contains(#""result":"rolled_back""#))
      #expect(gateway.console.installer.cell.generation.number == 3)
      #expect(try await client.ask("ho").contains("\"completion_tokens\":8"))
      #expect(try await client.order("/policy/rollback", "").hasPrefix("HTTP/1.1 409"))
      // Nobody runs under the earlier ones any more.
      #expect(gateway.console.installer.live.count == 1)
    }
  }

  @Test("gives nobody but the operator a lever")
  func guards() async throws {
    try await withGateway { _, client in
      let bare = try await client.send(
        "POST /policy/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n",
        toAdmin: true
      )
      #expect(bare.hasPrefix("HTTP/1.1 401"))
      #expect(
        try await client.send("GET /policy HTTP/1.1\r\nhost: evil.example\r\n", toAdmin: true)
          .hasPrefix("HTTP/1.1 403")
      )
    }
  }

  @Test("does not start with a wrong policy, or twice in one state folder")
  func refusesStart() async throws {
    let options = options
    try await withGateway { _, _ in
      await #expect(throws: StartRefusal.self) { _ = try await Gateway.start(options) }
    }
    try folder.write("sluice: v1\nnonsense: 1\n", to: "p.yaml")
    await OneAtATime.signals.run {
      do throws(StartRefusal) {
        _ = try await Gateway.start(options)
        Issue.record("started")
      } catch {
        let answer = error.answer(as: FindingsStyle())
        #expect(answer.status == .errors)
        #expect(answer.notes.contains("SL0002"))
      }
    }
  }
}

/// A client that speaks just enough HTTP, on the gateway's own control loop.
private struct Client: Sendable {
  let gateway: Gateway
  let token: String

  func ask(_ text: String) async throws -> String {
    let body = #"{"model":"auto","messages":[{"role":"user","content":"\#(text)"}]}"#
    return try await send(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        + "content-length: \(body.utf8.count)\r\n",
      body,
      toAdmin: false
    )
  }

  func read(_ path: String) async throws -> String {
    try await send("GET \(path) HTTP/1.1\r\nhost: localhost\r\n", toAdmin: true)
  }

  func order(_ path: String, _ body: String) async throws -> String {
    try await send(
      "POST \(path) HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        + "authorization: Bearer \(token)\r\ncontent-length: \(body.utf8.count)\r\n",
      body,
      toAdmin: true
    )
  }

  func send(_ head: String, _ body: String = "", toAdmin: Bool) async throws -> String {
    let state = gateway.console.installer.state
    let address = try #require(toAdmin ? state.admin : state.traffic.first)
    let stream = try await TCPConnector(on: gateway.machine.world).connect(to: address)
    defer { stream.close() }
    try await stream.write(Array("\(head)connection: close\r\n\r\n\(body)".utf8))
    var reply: [UInt8] = []
    while try await stream.read(into: &reply) > 0 {}
    return String(decoding: reply, as: UTF8.self)
  }
}
