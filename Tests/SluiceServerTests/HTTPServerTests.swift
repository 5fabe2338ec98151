import SluiceCore
import SluiceHTTP
import SluiceReactor
import Testing

@testable import SluiceServer

@Suite struct HTTPServerTests {
  @Test("answers requests that follow each other on one connection")
  func keepAlive() async throws {
    try await serving(ScriptedService.echo) { loop, address, server in
      let client = try await Client.connect(to: address, on: loop)
      for number in 1...3 {
        try await client.say("POST /\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
        let reply = try await client.reply()
        #expect(reply.status == 200)
        #expect(reply.keepAlive)
        #expect(reply.body == "POST /\(number) hi")
        #expect(reply.fields.first("content-type") == "text/plain")
        #expect(reply.fields.first("date")?.hasSuffix(" GMT") == true)
      }
      #expect(server.openConnections == 1)
    }
  }

  @Test("answers pipelined requests in their order, whatever their framing")
  func pipelining() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
          + "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
          + "POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nz"
          + "GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
          + "GET /5 HTTP/1.1\r\nHost: h\r\n\r\n"
      )
      for body in ["GET /1 ", "POST /2 abcde", "POST /3 z", "GET /4 "] {
        #expect(try await client.reply().body == body)
      }
      #expect(await client.seesEnd())
    }
  }

  @Test("takes a request byte by byte")
  func byteByByte() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      let text =
        "\r\nPOST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
      for byte in text.utf8 {
        try await client.stream.write([byte])
        await loop.yield()
      }
      #expect(try await client.reply().body == "POST /slow ok")
    }
  }

  @Test("takes a body that is larger than a read")
  func largeBody() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      let body = String(repeating: "0123456789", count: 50_000)
      try await client.say(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
      )
      loop.startTask { [stream = client.stream] in
        _ = try? await stream.write(Array(body.utf8))
      }
      #expect(try await client.reply().body == "POST / " + body)
    }
  }

  @Test("tells a client that waits for it to go on, and only that one")
  func expectContinue() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
      )
      #expect(try await client.head().status == 100)
      try await client.say("hi")
      #expect(try await client.reply().body == "POST / hi")
      // Its body is here already.
      try await client.say(
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nho"
      )
      #expect(try await client.reply().body == "POST / ho")
    }
  }

  @Test("refuses a body that is too large before it is sent, when it is announced")
  func tooLarge() async throws {
    var service = ScriptedService.echo
    service.maximumBody = 10
    try await serving(service) { loop, address, _ in
      for framing in [
        "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n", "Content-Length: 11\r\n\r\n",
        "Content-Length: 99999999999999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n12345\r\n",
      ] {
        let client = try await Client.connect(to: address, on: loop)
        try await client.say("POST / HTTP/1.1\r\nHost: h\r\n" + framing)
        let reply = try await client.reply()
        #expect(reply.status == 413)
        #expect(reply.body.contains("body_too_large"))
        #expect(!reply.keepAlive)
        // The client is still sending: it must get the reply, not a broken connection.
        try await client.say(String(repeating: "x", count: 100_000))
        #expect(await client.seesEnd())
      }
    }
  }

  @Test("answers HEAD with the fields of GET and no body")
  func head() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n")
      let reply = try await client.reply(toHead: true)
      #expect(reply.status == 200)
      #expect(reply.fields.first("content-length") == "8")
      #expect(try await client.reply().body == "GET /x ")
    }
  }

  @Test("closes for HTTP/1.0 unless it asks otherwise, and after Connection: close")
  func closing() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      for (request, keepsAlive) in [
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true),
      ] {
        let client = try await Client.connect(to: address, on: loop)
        try await client.say(request)
        let reply = try await client.reply()
        #expect(reply.body == "GET / ")
        if keepsAlive {
          try await client.say("GET /again HTTP/1.1\r\nHost: h\r\n\r\n")
          #expect(try await client.reply().body == "GET /again ")
        } else {
          #expect(await client.seesEnd())
        }
      }
    }
  }

  @Test("sends a chunk at once: it is read before the handler goes on")
  func streaming() async throws {
    let next = Signal<Bool>()
    let service = ScriptedService { _, sink in
      try await sink.begin(status: 200, fields: ["content-type": "text/event-stream"])
      for text in ["one", String(repeating: "2", count: 10_000)] {
        try await sink.write(Array(text.utf8))
        _ = await next.wait()
      }
      try await sink.finish()
    }
    try await serving(service) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      for _ in 1...2 {
        try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try await client.head().body == .chunked)
        #expect(try await client.chunk() == Array("one".utf8))
        next.send(true)
        var second: [UInt8] = []
        while second.count < 10_000 { second += try await client.chunk() ?? [] }
        next.send(true)
        #expect(try await client.chunk() == nil)
      }
    }
  }

  @Test("streams to HTTP/1.0 until the connection ends")
  func oldStream() async throws {
    let service = ScriptedService { _, sink in
      try await sink.begin(status: 200, fields: [:])
      try await sink.write(Array("one ".utf8))
      try await sink.write(Array("two".utf8))
      try await sink.finish()
    }
    try await serving(service) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let reply = try await client.reply()
      #expect(reply.fields.first("transfer-encoding") == nil)
      #expect(reply.body == "one two")
    }
  }

  @Test("never lets a stream look complete that its handler did not finish")
  func cutStream() async throws {
    let service = ScriptedService { _, sink in
      try await sink.begin(status: 200, fields: [:])
      try await sink.write(Array("half".utf8))
    }
    try await serving(service) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try await client.head()
      #expect(try await client.chunk() == Array("half".utf8))
      await #expect(throws: Client.Ended.self) { _ = try await client.chunk() }
    }
  }

  @Test("answers 500 for a handler that says nothing")
  func unanswered() async throws {
    try await serving(ScriptedService { _, _ in }) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      for _ in 1...2 {
        try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let reply = try await client.reply()
        #expect(reply.status == 500)
        #expect(reply.body.contains("internal_error"))
      }
    }
  }

  @Test("keeps the connection of a refused request if its body is small, not if it is announced")
  func refusedEarly() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(
        "POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n"
      )
      #expect(try await client.reply().status == 404)
      #expect(try await client.reply().body == "GET / ")
      try await client.say(
        "POST /refused HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
      )
      let reply = try await client.reply()
      #expect(reply.status == 404)
      #expect(!reply.keepAlive)
      #expect(await client.seesEnd())
    }
  }

  @Test("tells a client beyond the cap to come back, and serves others once there is room")
  func cap() async throws {
    try await serving(ScriptedService.echo, connectionsPerLoop: 1) { loop, address, server in
      let first = try await Client.connect(to: address, on: loop)
      try await first.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try await first.reply()
      let second = try await Client.connect(to: address, on: loop)
      let reply = try await second.reply()
      #expect(reply.status == 503)
      #expect(reply.fields.first("retry-after") == "1")
      #expect(await second.seesEnd())
      second.stream.close()
      first.stream.close()
      while server.openConnections > 0 { await loop.yield() }
      let third = try await Client.connect(to: address, on: loop)
      try await third.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try await third.reply().status == 200)
    }
  }

  @Test("cancels a request when its client leaves")
  func clientLeaves() async throws {
    let reasons = Signal<Cancellation.Reason>()
    let service = ScriptedService { request, _ in
      await withCheckedContinuation { continuation in
        request.cancellation.onCancel { reason in
          reasons.send(reason)
          continuation.resume()
        }
      }
    }
    try await serving(service) { loop, address, server in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      while server.openConnections == 0 { await loop.yield() }
      client.stream.close()
      #expect(await reasons.wait() == .clientLeft)
      while server.openConnections > 0 { await loop.yield() }
    }
  }

  @Test("listens on new addresses before it leaves the old, which are served on")
  func rebinding() async throws {
    try await serving(ScriptedService.echo) { loop, address, server in
      let old = try await Client.connect(to: address, on: loop)
      try await old.say("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try await old.reply()
      let port = try #require(SocketAddress("[::1]:0"))
      let binding = try server.bind([port])
      server.listen(on: binding)
      let fresh = try await Client.connect(to: binding.addresses[0], on: loop)
      for client in [fresh, old] {
        try await client.say("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try await client.reply().body == "GET /2 ")
      }
      #expect(throws: IOFailure.self) {
        try server.bind([port, binding.addresses[0], try #require(SocketAddress("192.0.2.1:1"))])
      }
      await loop.yield()
      do {
        _ = try await Client.connect(to: address, on: loop)
        Issue.record("nobody listens there any more")
      } catch {
        #expect(error as? IOFailure == .refused)
      }
    }
  }
}
