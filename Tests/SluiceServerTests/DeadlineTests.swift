import SluiceCore
import SluiceHTTP
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceServer

@Suite struct DeadlineTests {
  private func service(
    idle: Duration = .seconds(60),
    head: Duration = .seconds(60),
    body: Duration = .seconds(60)
  ) -> ScriptedService {
    var service = ScriptedService.echo
    service.limits = ConnectionLimits(idle: idle, head: head)
    service.bodyTimeout = body
    return service
  }

  @Test("closes a connection that idles, without a word")
  func idle() async throws {
    try await serving(service(idle: .milliseconds(5))) { loop, address, server in
      let client = try await Client.connect(to: address, on: loop)
      #expect(await client.seesEnd())
      while server.openConnections > 0 { await loop.yield() }
    }
  }

  @Test("does not let a client move the deadline of its head by dripping it")
  func slowHead() async throws {
    try await serving(service(head: .milliseconds(20))) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n")
      loop.startTask { [stream = client.stream] in
        while (try? await stream.write(Array("X: y\r\n".utf8))) != nil {
          guard (try? await loop.sleep(untilMonotonic: loop.now.monotonic + 1_000_000)) != nil
          else { return }
        }
      }
      let reply = try await client.reply()
      #expect(reply.status == 408)
      #expect(reply.body.contains("request_timeout"))
      #expect(!reply.keepAlive)
    }
  }

  @Test(
    "does not let a client move the deadline of its body by dripping it",
    arguments: [true, false]
  )
  func slowBody(isChunked: Bool) async throws {
    try await serving(service(body: .milliseconds(20))) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 1000"
      try await client.say("POST / HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n")
      loop.startTask { [stream = client.stream] in
        let piece = Array((isChunked ? "1\r\nx\r\n" : "x").utf8)
        while (try? await stream.write(piece)) != nil {
          guard (try? await loop.sleep(untilMonotonic: loop.now.monotonic + 1_000_000)) != nil
          else { return }
        }
      }
      #expect(try await client.reply().status == 408)
    }
  }

  @Test("wakes a connection that rests without a task, and lets its idle deadline end it")
  func rests() async throws {
    try await onLoop { loop in
      let stream = Signal<TCPStream>()
      let listener = try TCPListener(try anyLoopback(), on: loop)
      listener.start { stream.send($0) }
      let client = try await Client.connect(to: listener.address, on: loop)
      let connections = LoopConnections(on: loop)
      let connection = Connection(
        await stream.wait(),
        of: connections,
        serving: self.service(idle: .milliseconds(100)),
        idleTask: .milliseconds(1)
      )
      connections.add(connection)
      await connection.serve()
      // Its task has ended; the connection has not.
      #expect(connections.count == 1)
      for _ in 1...3 {
        try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try await client.reply().status == 200)
      }
      #expect(await client.seesEnd())
      while connections.count > 0 { await loop.yield() }
    }
  }

  @Test("gives a client up that takes nothing of its reply")
  func slowReader() async throws {
    let gaveUp = Signal<IOFailure>()
    var service = ScriptedService { _, sink in
      try await sink.begin(status: 200, fields: [:])
      do throws(IOFailure) {
        while true { try await sink.write(Array(repeating: 65, count: 1 << 20)) }
      } catch {
        gaveUp.send(error)
      }
    }
    service.limits = ConnectionLimits(idle: .milliseconds(20), head: .seconds(60))
    try await serving(service) { loop, address, server in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(await gaveUp.wait() == .timedOut)
      while server.openConnections > 0 { await loop.yield() }
    }
  }

  @Test("drains: idle connections end at once, busy ones with their reply, new ones are refused")
  func drains() async throws {
    let arrived = Signal<Bool>()
    let goOn = Signal<Bool>()
    let service = ScriptedService { request, sink in
      if request.head.hasPath("/busy") {
        arrived.send(true)
        _ = await goOn.wait()
      }
      try await sink.send(ServerReply(status: 200, body: Array("done".utf8)))
    }
    try await serving(service) { loop, address, server in
      let idle = try await Client.connect(to: address, on: loop)
      try await idle.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try await idle.reply()
      let busy = try await Client.connect(to: address, on: loop)
      try await busy.say("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = await arrived.wait()

      async let draining: Void = server.drain(until: .max)
      #expect(await idle.seesEnd())
      do {
        _ = try await Client.connect(to: address, on: loop)
        Issue.record("nobody accepts any more")
      } catch {
        #expect(error as? IOFailure == .refused)
      }
      goOn.send(true)
      let reply = try await busy.reply()
      #expect(reply.body == "done")
      #expect(!reply.keepAlive)
      busy.stream.close()
      await draining
      #expect(server.openConnections == 0)
    }
  }

  @Test("drains: cancels at the deadline what is still at it")
  func cuts() async throws {
    let arrived = Signal<Bool>()
    let service = ScriptedService { request, sink in
      arrived.send(true)
      await withCheckedContinuation { continuation in
        request.cancellation.onCancel { _ in continuation.resume() }
      }
      let why = request.cancellation.reason.map { "\($0)" } ?? ""
      try await sink.send(ServerReply(status: 503, body: Array(why.utf8)))
    }
    try await serving(service) { loop, address, server in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = await arrived.wait()
      async let draining: Void = server.drain(until: loop.now.monotonic + 5_000_000)
      #expect(try await client.reply().body == "draining")
      client.stream.close()
      await draining
    }
  }
}
