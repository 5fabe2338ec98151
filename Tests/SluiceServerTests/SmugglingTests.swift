import SluiceReactor
import Testing

@testable import SluiceServer

/// Requests in which two readers could see two different messages, over a real socket.
@Suite struct SmugglingTests {
  @Test(
    "refuses, says so, and answers nothing that follows",
    arguments: [
      (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400
      ),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 4\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x4\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
      (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        400
      ),
      ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\n Folded: x\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
      ("POST / HTTP/1.1\nHost: h\n\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nX: a\u{0}b\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nNoColon\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400),
      ("POST  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
      ("POST / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
      ("POST / HTTP/1.1\r\nHost: h\r\nExpect: the-unexpected\r\n\r\n", 417),
      (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
        400
      ),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcdX0\r\n\r\n", 400),
      (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nabcd\r\n0\r\n\r\n",
        400
      ),
      (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", 413
      ),
    ]
  )
  func refuses(text: String, status: Int) async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      let client = try await Client.connect(to: address, on: loop)
      try await client.say(text + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
      let reply = try await client.reply()
      #expect(reply.status == status)
      #expect(!reply.keepAlive)
      #expect(reply.body.hasPrefix("{\"error\":{\"message\":\"Malformed HTTP request: "))
      #expect(await client.seesEnd())
    }
  }

  @Test("refuses a head that is too long, or has too many fields")
  func tooLong() async throws {
    try await serving(ScriptedService.echo) { loop, address, _ in
      for field in [
        "X: " + String(repeating: "x", count: 40_000), String(repeating: "X: y\r\n", count: 101),
      ] {
        let client = try await Client.connect(to: address, on: loop)
        try await client.say("GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n\r\n")
        #expect(try await client.reply().status == 431)
        #expect(await client.seesEnd())
      }
    }
  }

  @Test("says nothing to a client that leaves in the middle of a message")
  func leavesEarly() async throws {
    try await serving(ScriptedService.echo) { loop, address, server in
      for text in ["GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc"] {
        let client = try await Client.connect(to: address, on: loop)
        try await client.say(text)
        client.stream.shutDownWriting()
        #expect(await client.seesEnd())
      }
      while server.openConnections > 0 { await loop.yield() }
    }
  }
}
