import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import Synchronization
import SluiceTestSupport
import Testing

@testable import SluiceUpstream

@Suite struct UpstreamFailureTests {
  private static func timeouts(
    connect: Duration? = nil,
    firstByte: Duration? = nil,
    idle: Duration? = nil,
    total: Duration? = nil
  ) -> UpstreamSettings.Timeouts {
    var timeouts = UpstreamSettings.Timeouts()
    timeouts.connect = connect
    timeouts.firstByte = firstByte
    timeouts.idle = idle
    timeouts.total = total
    return timeouts
  }

  @Test("says that nobody listens, and that another may be asked")
  func refused() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      peer.listener.close()
      let upstream = try loop.upstream(peer.url)
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.connectRefused))
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("says that a name has no address")
  func unresolved() async throws {
    try await onLoop { loop in
      let upstream = try loop.upstream("http://nowhere.test")
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.unresolved))
    }
  }

  @Test("tries the addresses of a name in their order")
  func addresses() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let resolver = loop.resolver { _ throws(IOFailure) in
        ["127.0.0.9", "127.0.0.1"].compactMap { SocketAddress(host: $0, port: 0) }
      }
      let upstream = try loop.upstream("http://two.test:\(peer.port)", resolver: resolver)
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      }
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      #expect(try await reply.text() == "ok")
      upstream.retire()
    }
  }

  @Test("asks again where a service lives once nobody answers there")
  func moved() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let world = ShiftedWorld(loop)
      let asked = Mutex(0)
      let resolver = loop.resolver(in: world) { _ throws(IOFailure) in
        let hosts = ["127.0.0.9", "127.0.0.1"]
        return asked.withLock { asked in
          defer { asked += 1 }
          return [SocketAddress(host: hosts[asked], port: 0)].compactMap { $0 }
        }
      }
      let upstream = try loop.upstream("http://moved.test:\(peer.port)", resolver: resolver)
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      }
      // The answer is believed for a moment, and without the failures would be for longer.
      for _ in 0..<3 {
        let failed = await failure { () throws(Failure) in
          _ = try await upstream.send(.chat(), in: world, cancellation: Cancellation())
        }
        #expect(failed?.reason == .connectRefused)
      }
      #expect(asked.withLock { $0 } == 1)
      world.advance(by: 4)
      let reply = try await upstream.send(.chat(), in: world, cancellation: Cancellation())
      #expect(try await reply.text() == "ok")
      #expect(asked.withLock { $0 } == 2)
      upstream.retire()
    }
  }

  @Test(
    "tells by its reason which deadline passed before the reply",
    arguments: [
      (timeouts(firstByte: .milliseconds(40)), Int64.max, Failure.Reason.firstByteTimeout),
      (timeouts(total: .milliseconds(40)), .max, .totalTimeout),
      (timeouts(firstByte: .seconds(60), total: .seconds(60)), 40, .deadline),
    ]
  )
  func stalledHead(
    timeouts: UpstreamSettings.Timeouts,
    deadline: Int64,
    reason: Failure.Reason
  ) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url, timeouts: timeouts)
      let headDeadline = deadline == .max ? deadline : loop.soon(deadline)
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(
          .chat(headDeadline: headDeadline),
          in: loop,
          cancellation: Cancellation()
        )
      }
      #expect(failed?.reason == reason)
      // What was sent of the request by then is read; then the connection ends.
      let talk = await peer.accept()
      await #expect(throws: Talk.Ended.self) { while true { _ = try await talk.request() } }
    }
  }

  @Test("lets no upstream escape by dripping its head")
  func drippingHead() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(
        peer.url,
        timeouts: Self.timeouts(firstByte: .milliseconds(10))
      )
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\nX: ")
        while (try? await talk.say("x")) != nil { await loop.yield() }
      }
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      // The upstream may reach the bound of a head before the deadline.
      #expect(failed?.reason == .firstByteTimeout || failed?.reason == .invalidReply)
    }
  }

  @Test(
    "tells by its reason which deadline passed in the body",
    arguments: [
      (timeouts(idle: .milliseconds(20)), Failure.Reason.idleTimeout),
      (timeouts(total: .milliseconds(200)), .totalTimeout),
    ]
  )
  func stalledBody(timeouts: UpstreamSettings.Timeouts, reason: Failure.Reason) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url, timeouts: timeouts)
      async let accepted = peer.accept()
      async let sending = upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
      let reply = try await sending
      #expect(try await reply.read() == Array("half".utf8))
      let failed = await failure { () throws(Failure) in _ = try await reply.read() }
      #expect(failed == Failure(reason))
      #expect(await talk.seesEnd())
      #expect(try await reply.read() == nil)
    }
  }

  @Test(
    "does not take a reply for whole that ends early",
    arguments: [
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    ]
  )
  func endsEarly(text: String) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say(text)
        talk.stream.close()
      }
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      #expect(try await reply.read() == Array("half".utf8))
      let failed = await failure { () throws(Failure) in _ = try await reply.read() }
      #expect(failed == Failure(.connectionBroken))
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test(
    "refuses what is not HTTP or contradicts itself, and closes",
    arguments: [
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    ]
  )
  func invalid(text: String) async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      async let accepted = peer.accept()
      async let sending = failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      let talk = await accepted
      _ = try await talk.request()
      try await talk.say(text)
      #expect(await sending == Failure(.invalidReply))
      #expect(await talk.seesEnd())
    }
  }

  @Test("refuses a chunk that is none")
  func invalidChunk() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        _ = try? await talk.request()
        try? await talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n")
      }
      let reply = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      let failed = await failure { () throws(Failure) in _ = try await reply.read() }
      #expect(failed == Failure(.invalidReply))
    }
  }

  @Test("reads the refusal of an upstream that does not take the whole body")
  func earlyRefusal() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      loop.startTask {
        let talk = await peer.accept()
        // The reply goes out before the body is read, and closing breaks the connection off.
        try? await talk.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        talk.stream.close()
      }
      let body = "\"" + String(repeating: "x", count: 8 << 20) + "\""
      let reply = try await upstream.send(.chat(body), in: loop, cancellation: Cancellation())
      #expect(reply.status == 413)
      #expect(try await reply.text() == "big")
      #expect(upstream.idleConnections == 0)
    }
  }

  @Test("closes the connection when the client leaves, before the head and in the body")
  func cancellation() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      let left = Failure(.clientLeft)

      let first = Cancellation()
      async let failing = failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: first)
      }
      var talk = await peer.accept()
      _ = try await talk.request()
      first.cancel(.clientLeft)
      #expect(await talk.seesEnd())
      #expect(await failing == left)

      let second = Cancellation()
      async let sending = upstream.send(.chat(), in: loop, cancellation: second)
      talk = await peer.accept()
      _ = try await talk.request()
      try await talk.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
      let reply = try await sending
      #expect(try await reply.read() == [UInt8(ascii: "a")])
      second.cancel(.clientLeft)
      #expect(await talk.seesEnd())
      #expect(await failure { () throws(Failure) in _ = try await reply.read() } == left)
      #expect(upstream.busyConnections + upstream.idleConnections == 0)
    }
  }

  @Test("opens nothing for an exchange that was cancelled before")
  func cancelledBefore() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      let cancellation = Cancellation()
      cancellation.cancel(.draining)
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: cancellation)
      }
      #expect(failed == Failure(.draining))
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("closes the connection of a reply that is given up, or forgotten")
  func abandons() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url)
      for abandons in [true, false] {
        async let answering = {
          let talk = await peer.accept()
          _ = try await talk.request()
          try await talk.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
          return talk
        }()
        var reply: (any UpstreamReply)? = try await upstream.send(
          .chat(),
          in: loop,
          cancellation: Cancellation()
        )
        let talk = try await answering
        if abandons { reply?.abandon() }
        reply = nil
        #expect(await talk.seesEnd())
      }
      #expect(upstream.busyConnections == 0)
    }
  }

  @Test("refuses an attempt when its connections are all busy")
  func exhausted() async throws {
    try await onLoop { loop in
      let peer = try ScriptedPeer(on: loop)
      let upstream = try loop.upstream(peer.url, connections: 1)
      let cancellation = Cancellation()
      async let failing = failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: cancellation)
      }
      let talk = await peer.accept()
      _ = try await talk.request()
      let failed = await failure { () throws(Failure) in
        _ = try await upstream.send(.chat(), in: loop, cancellation: Cancellation())
      }
      #expect(failed == Failure(.poolExhausted))
      cancellation.cancel(.killed)
      #expect(await failing?.reason == .killed)
    }
  }
}
