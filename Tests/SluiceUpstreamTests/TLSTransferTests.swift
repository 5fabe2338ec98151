import SluiceCore
import SluicePipeline
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceUpstream

@Suite struct TLSTransferTests {
  /// A server that is trusted, and an upstream that trusts it.
  private func trusted(on loop: EventLoop) throws -> (peer: TLSPeer, upstream: HTTPUpstream) {
    let now = loop.wallSeconds
    let authority = try Identity(at: now)
    let peer = try TLSPeer(on: loop, as: Identity(for: "api.test", by: authority, at: now))
    return (peer, try loop.secureUpstream(port: peer.port, trusting: authority.pem))
  }

  @Test("uses one connection for requests that follow each other, and says farewell")
  func keepAlive() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      async let first = upstream.ask(in: loop)
      let talk = try await peer.secured()
      #expect(try await talk.request().hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n"))
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
      #expect(try await first == "one")
      async let second = upstream.ask(in: loop)
      #expect(try await talk.request().contains("\r\nAuthorization: Bearer sk-secret\r\n"))
      try await talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      try await talk.say("3\r\ntwo\r\n0\r\n\r\n")
      #expect(try await second == "two")
      #expect(peer.accepted == 1)
      #expect(upstream.idleConnections == 1)
      upstream.retire()
      #expect(await talk.seesFarewell())
    }
  }

  @Test("hands a chunk on before the next one is sent")
  func streaming() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = try await peer.secured()
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      let reply = try await sending
      for piece in ["data: a\n\n", "data: b\n\n"] {
        try await talk.say(String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n")
        #expect(try await reply.read() == Array(piece.utf8))
      }
      try await talk.say("0\r\n\r\n")
      #expect(try await reply.read() == nil)
      upstream.retire()
    }
  }

  @Test("carries large bodies both ways", arguments: [100, 16 << 10, 8 << 20])
  func large(size: Int) async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      loop.startTask {
        guard let talk = try? await peer.secured() else { return }
        for _ in 0..<2 {
          guard let request = try? await talk.request(),
            let end = request.firstRange(of: "\r\n\r\n")
          else { return }
          let body = String(request[end.upperBound...])
          try? await talk.say(
            "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          )
        }
      }
      let body = "\"" + String(repeating: "0123456789abcdef", count: size / 16) + "\""
      for _ in 0..<2 { #expect(try await upstream.ask(body, in: loop) == body) }
      #expect(peer.accepted == 1)
      upstream.retire()
    }
  }

  @Test("takes a body without length for whole only after the server's farewell")
  func untilClose() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      for isOrderly in [true, false] {
        loop.startTask {
          guard let talk = try? await peer.secured() else { return }
          _ = try? await talk.request()
          try? await talk.say("HTTP/1.1 200 OK\r\n\r\nall of it")
          if isOrderly { talk.transport.close() } else { talk.transport.stream.close() }
        }
        let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
        #expect(try await reply.read() == Array("all of it".utf8))
        let failed = await failure { () throws(Failure) in #expect(try await reply.read() == nil) }
        let broken = Failure(.connectionBroken)
        #expect(failed == (isOrderly ? nil : broken))
        #expect(upstream.busyConnections + upstream.idleConnections == 0)
      }
    }
  }

  enum End: CaseIterable { case farewell, closed, reset, garbage, halfRecord }

  @Test("does not take a reply for whole that ends early", arguments: End.allCases)
  func endsEarly(end: End) async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      for head in ["Content-Length: 9\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n4\r\n"] {
        async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
        let talk = try await peer.secured()
        _ = try await talk.request()
        try await talk.say("HTTP/1.1 200 OK\r\n\(head)half")
        let reply = try await sending
        #expect(try await reply.read() == Array("half".utf8))
        let stream = talk.transport.stream
        switch end {
        case .farewell: talk.transport.close()
        case .closed: stream.close()
        case .reset: stream.reset()
        case .garbage: try await stream.write(Array("HTTP/1.1 500 Oh\r\n\r\n".utf8))
        case .halfRecord:
          #expect(talk.transport.tls?.send(Array("more".utf8), 0..<4) == true)
          try await stream.write(Array(talk.transport.tls?.takeOutput().dropLast() ?? []))
          stream.close()
        }
        let failed = await failure { () throws(Failure) in _ = try await reply.read() }
        #expect(failed == Failure(.connectionBroken))
        #expect(upstream.busyConnections + upstream.idleConnections == 0)
        stream.close()
      }
    }
  }

  @Test("does not send a request again that may have arrived, and resumes its session for the next")
  func brokenBehindRequest() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      loop.startTask {
        guard let first = try? await peer.secured() else { return }
        _ = try? await first.request()
        try? await first.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = try? await first.request()
        first.transport.close()
        guard let second = try? await peer.secured() else { return }
        #expect(second.wasResumed)
        _ = try? await second.request()
        try? await second.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnew!")
      }
      #expect(try await upstream.ask(in: loop).isEmpty)
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.connectionBroken))
      #expect(try await upstream.ask(in: loop) == "new!")
      upstream.retire()
    }
  }

  @Test("drops a resting connection on which the server says something")
  func unsolicited() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      async let first = upstream.ask(in: loop)
      let talk = try await peer.secured()
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      _ = try await first
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
      loop.startTask {
        await (try? await peer.secured())?
          .serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean")
      }
      // The loop takes one turn at least before it hears of the bytes.
      await loop.yield()
      await loop.yield()
      #expect(try await upstream.ask(in: loop) == "clean")
      #expect(peer.accepted == 2)
      upstream.retire()
    }
  }

  @Test("follows no redirect and keeps no cookie")
  func noMemory() async throws {
    try await onLoop { loop in
      let (peer, upstream) = try trusted(on: loop)
      async let first = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = try await peer.secured()
      let asked = try await talk.request()
      try await talk.say(
        """
        HTTP/1.1 307 Temporary Redirect\r
        Location: https://evil.test:\(peer.port)/\r
        Set-Cookie: a=b\r
        Content-Length: 0\r
        \r

        """
      )
      #expect(try await first.status == 307)
      async let second = upstream.ask(in: loop)
      #expect(try await talk.request() == asked)
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      #expect(try await second == "ok")
      #expect(peer.accepted == 1)
      upstream.retire()
    }
  }
}
