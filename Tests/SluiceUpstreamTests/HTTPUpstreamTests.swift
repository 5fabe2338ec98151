import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceUpstream

@Suite struct HTTPUpstreamTests {
  @Test("sends its own fields and what of the client's may pass, nothing else")
  func head() async throws {
    let sent = try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        let request = try? await talk.request()
        try? await talk.say(
          "HTTP/1.1 200 OK\r\nContent-Length: \(request?.utf8.count ?? 0)\r\n\r\n"
        )
        try? await talk.say(request ?? "")
      }
      let reply = try await upstream.send(
        .chat(
          "{\"a\":1}",
          fields: """
            Authorization: Bearer sk-client\r
            Cookie: a=b\r
            X-Api-Key: k\r
            Connection: keep-alive, X-Hop\r
            X-Hop: 1\r
            TE: trailers\r
            Expect: 100-continue\r
            Accept-Encoding: gzip\r
            Content-Type: application/json; charset=utf-8\r
            User-Agent: client/1\r
            Accept: text/event-stream\r
            X-Stainless-Lang: python\r

            """
        ),
        in: loop,
        cancellation: Cancellation()
      )
      #expect(reply.status == 200)
      return try await reply.text()
    }
    let lines = sent.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines[0] == "POST /v1/chat/completions HTTP/1.1")
    #expect(lines[1].hasPrefix("Host: 127.0.0.1:"))
    #expect(
      lines[2...] == [
        "Authorization: Bearer sk-secret", "User-Agent: sluice/1.0", "Accept-Encoding: identity",
        "Accept: text/event-stream", "X-Stainless-Lang: python", "Content-Type: application/json",
        "Content-Length: 7", "", "{\"a\":1}",
      ]
    )
  }

  @Test("uses one connection for requests that follow each other, however replies are framed")
  func keepAlive() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        for reply in [
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n",
          "HTTP/1.1 204 No Content\r\n\r\n",
          "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 4\r\n\r\nfour",
        ] {
          _ = try? await talk.request()
          try? await talk.say(reply)
        }
      }
      for (status, text) in [(200, "one"), (200, "two"), (204, ""), (200, ""), (302, "four")] {
        let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
        #expect(reply.status == status)
        #expect(upstream.busyConnections + upstream.idleConnections == 1)
        #expect(try await reply.text() == text)
        #expect(upstream.busyConnections == 0)
        #expect(upstream.idleConnections == 1)
      }
      #expect(peer.accepted == 1)
      upstream.retire()
    }
  }

  @Test("hands a chunk on before the next one is sent")
  func streaming() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      async let accepted = peer.accept()
      async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\ncontent-TYPE: text/event-stream\r\n")
      try await talk.say("Transfer-Encoding: chunked\r\n\r\n")
      let reply = try await sending
      #expect(reply.field("content-type") == "text/event-stream")
      for piece in ["data: a\n\n", "data: b\n\n"] {
        try await talk.say(String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n")
        #expect(try await reply.read() == Array(piece.utf8))
      }
      try await talk.say("0\r\n\r\n")
      #expect(try await reply.read() == nil)
      #expect(try await reply.read() == nil)
      #expect(upstream.idleConnections == 1)
      upstream.retire()
    }
  }

  @Test("reads a body without length to the end of its connection, which is not used again")
  func untilClose() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\n\r\nall of it")
        talk.stream.close()
      }
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      #expect(try await reply.text() == "all of it")
      #expect(upstream.idleConnections == 0)
    }
  }

  @Test("skips interim replies, and not without end")
  func interim() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        var talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        try? await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 20))
      }
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      #expect(try await reply.text() == "ok")
      #expect(upstream.idleConnections == 0)
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.invalidReply))
    }
  }

  @Test(
    "does not use a connection again of which the reply's end is in doubt",
    arguments: [
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok?",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n?",
    ]
  )
  func inDoubt(text: String) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      async let accepted = peer.accept()
      async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say(text)
      #expect(try await sending.text() == "ok")
      #expect(await talk.seesEnd())
      #expect(upstream.idleConnections == 0)
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("drops a resting connection on which the upstream says something")
  func unsolicited() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      async let accepted = peer.accept()
      async let first = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      _ = try await first
      #expect(upstream.idleConnections == 1)
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
      loop.startTask {
        let second = await peer.accept()
        _ = try? await second.request()
        try? await second.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean")
      }
      // The loop takes one turn at least before it hears of the bytes.
      await loop.yield()
      await loop.yield()
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      #expect(try await reply.text() == "clean")
      #expect(await talk.seesEnd())
      upstream.retire()
    }
  }

  @Test("forgets a resting connection that the upstream closes")
  func staleIdle() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      async let accepted = peer.accept()
      async let first = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      _ = try await first
      talk.stream.close()
      while upstream.idleConnections > 0 { await loop.yield() }
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("never sends a request again that the upstream may have whole", arguments: [true, false])
  func mayHaveArrived(resets: Bool) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let replays = Mutex(0)
      let upstream = try loop.upstream(peer.url) { replays.withLock { $0 += 1 } }
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = try? await talk.request()
        if resets { talk.stream.reset() } else { talk.stream.close() }
      }
      _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.connectionBroken))
      #expect(peer.accepted == 1)
      #expect(replays.withLock { $0 } == 0)
      #expect(upstream.busyConnections + upstream.idleConnections == 0)
    }
  }

  @Test("sends a request once more when a rested connection breaks before it took it, only once")
  func replays() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let replays = Mutex(0)
      let upstream = try loop.upstream(peer.url) { replays.withLock { $0 += 1 } }
      // More than the kernel takes while nobody reads.
      let body = String(repeating: "1", count: 16 << 20) + "\""
      loop.startTask {
        let first = await peer.accept()
        _ = try? await first.request()
        try? await first.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = try? await first.stream.read()
        first.stream.reset()
        let second = await peer.accept()
        // The body ends in a quotation mark, and has none within.
        while let bytes = try? await second.stream.read(), bytes.last != UInt8(ascii: "\"") {}
        try? await second.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnew!")
        _ = try? await second.stream.read()
        second.stream.reset()
        let third = await peer.accept()
        _ = try? await third.stream.read()
        third.stream.reset()
      }
      _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let reply = try await upstream.send(.chat(body), in: loop, cancellation: Cancellation())
      #expect(try await reply.text() == "new!")
      #expect(replays.withLock { $0 } == 1)
      // The new connection breaks as well: it had not rested.
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(body), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.connectionBroken))
      #expect(peer.accepted == 3)
      #expect(replays.withLock { $0 } == 2)
    }
  }

  @Test("shows its secret to nobody who prints it")
  func secret() async throws {
    try await onLoop { loop in
      let upstream = try loop.upstream("http://127.0.0.1:1", secret: "sk-very-secret")
      var dumped = ""
      dump(upstream, to: &dumped)
      dump([upstream], to: &dumped)
      for text in [dumped, "\(upstream)", String(reflecting: upstream), "\([upstream])"] {
        #expect(!text.contains("very-secret"))
      }
    }
  }

  @Test(
    "refuses a secret that would break out of its field",
    arguments: ["", "a b", "a\r\nX: y", "ä"]
  )
  func badSecret(secret: String) async throws {
    _ = try await onLoop { loop in
      #expect(throws: UpstreamSetupError.badSecret) {
        _ = try loop.upstream("http://127.0.0.1:1", secret: secret)
      }
    }
  }
}
