import SluiceCore
import SluiceTestSupport
import Testing

@testable import SluiceReactor

@Suite struct TCPListenerTests {
  @Test("accepts many connections, each once, whatever the kernel hands out at a time")
  func many() async throws {
    try await onLoop { loop in
      let (listener, accepted) = try loop.listen()
      defer { listener.close() }
      var clients: [TCPStream] = []
      for _ in 0..<3 * Bounds.acceptsPerWake {
        clients.append(try await TCPConnector(on: loop).connect(to: listener.address))
      }
      var ports: Set<UInt16> = []
      for client in clients {
        let server = await accepted.next()
        ports.insert(server.peer.port)
        server.close()
        client.close()
      }
      #expect(ports.count == clients.count)
      #expect(loop.acceptedStreams == 0)
    }
  }

  @Test("shares one port among the loops of a group")
  func sharedPort() async throws {
    let group = try EventLoopGroup(count: 2)
    let listeners = try TCPListener.open(anyLoopback, on: group.loops)
    #expect(Set(listeners.map(\.address)).count == 1)
    #expect(listeners[0].address.port != 0)
    let seen = Mailbox<Int>()
    for listener in listeners {
      listener.start { stream in
        seen.add(stream.loop.index)
        stream.close()
      }
    }
    // Who gets a connection is the kernel's choice: they are made one by one, each over before the
    // next, until everybody has had one. A thousand to one loop alone are no chance.
    let loops = await Task(executorPreference: group.loops[0]) {
      var loops: Set<Int> = []
      for _ in 0..<1_000 where loops.count < 2 {
        do {
          let stream = try await TCPConnector(on: group.loops[0]).connect(to: listeners[0].address)
          loops.insert(await seen.next())
          stream.close()
        } catch {
          Issue.record(error)
          break
        }
      }
      return loops
    }
    .value
    #expect(loops == [0, 1])
    group.stop()
  }

  @Test("notices that somebody else listens on the port, although ports may be shared")
  func portInUse() throws {
    let loop = try EventLoop()
    let first = try TCPListener(anyLoopback, on: loop)
    #expect(throws: IOFailure.addressInUse) {
      try TCPListener.open(first.address, on: [loop])
    }
  }

  @Test("closing hands out what was completed, then refuses")
  func closing() async throws {
    try await onLoop { loop in
      let accepted = Accepted()
      let listener = try TCPListener(anyLoopback, on: loop)
      // The kernel completes a connection before anybody accepts it.
      let early = try await TCPConnector(on: loop).connect(to: listener.address)
      defer { early.close() }
      listener.start { accepted.add($0) }
      await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
      listener.close()
      await accepted.next().close()
      await #expect(throws: IOFailure.refused) {
        try await TCPConnector(on: loop).connect(to: listener.address)
      }
    }
  }

  @Test("may be closed by its own handler")
  func closedByHandler() async throws {
    try await onLoop { loop in
      let accepted = Accepted()
      let listener = try TCPListener(anyLoopback, on: loop)
      let connector = TCPConnector(on: loop)
      let clients = [
        try await connector.connect(to: listener.address),
        try await connector.connect(to: listener.address),
      ]
      listener.start { stream in
        listener.close()
        accepted.add(stream)
      }
      for client in clients {
        await accepted.next().close()
        client.close()
      }
      await #expect(throws: IOFailure.refused) { try await connector.connect(to: listener.address) }
    }
  }

  @Test("frees its port when it never started")
  func neverStarted() async throws {
    try await onLoop { loop in
      let address = try TCPListener(anyLoopback, on: loop).address
      await #expect(throws: IOFailure.refused) {
        try await TCPConnector(on: loop).connect(to: address)
      }
    }
  }

  @Test("refuses connections above its bound by closing them")
  func bound() async throws {
    try await onLoop { loop in
      let (listener, accepted) = try loop.listen(maximumStreams: 1)
      defer { listener.close() }
      let connector = TCPConnector(on: loop)
      let first = try await connector.connect(to: listener.address)
      let server = await accepted.next()
      let second = try await connector.connect(to: listener.address)
      #expect(try await second.read() == [])
      #expect(listener.refused == 1)
      second.close()
      // There is room again once the first is gone.
      server.close()
      first.close()
      let third = try await connector.connect(to: listener.address)
      await accepted.next().close()
      third.close()
    }
  }

  @Test("listens and connects on IPv6, beside the same port of IPv4")
  func ipv6() async throws {
    try await onLoop { loop in
      let address = try #require(SocketAddress("[::1]:0"))
      let accepted = Accepted()
      let listener = try TCPListener(address, on: loop)
      let beside = try TCPListener(
        #require(SocketAddress("127.0.0.1:\(listener.address.port)")),
        on: loop
      )
      listener.start { accepted.add($0) }
      let client = try await TCPConnector(on: loop).connect(to: listener.address)
      let server = await accepted.next()
      #expect(server.peer.isIPv6)
      #expect(server.peer.isLoopback)
      server.close()
      client.close()
      listener.close()
      beside.close()
    }
  }
}

@Suite struct TCPConnectorTests {
  /// An address where nobody listens.
  private func deadEnd(_ loop: EventLoop) throws -> SocketAddress {
    try TCPListener(anyLoopback, on: loop).address
  }

  @Test("a connection that nobody accepts is refused")
  func refused() async throws {
    try await onLoop { loop in
      let address = try deadEnd(loop)
      await #expect(throws: IOFailure.refused) {
        try await TCPConnector(on: loop).connect(to: address)
      }
    }
  }

  @Test("goes on to the next address, and fails as the last one did")
  func firstOf() async throws {
    try await onLoop { loop in
      let (listener, accepted) = try loop.listen()
      defer { listener.close() }
      let dead = try deadEnd(loop)
      let stream = try await TCPConnector(on: loop)
        .connect(
          toFirstOf: [dead, listener.address],
          deadline: loop.soon(5_000)
        )
      #expect(stream.peer == listener.address)
      stream.close()
      await accepted.next().close()
      await #expect(throws: IOFailure.refused) {
        try await TCPConnector(on: loop).connect(toFirstOf: [dead, dead])
      }
      await #expect(throws: IOFailure.timedOut) {
        try await TCPConnector(on: loop)
          .connect(
            toFirstOf: [listener.address],
            deadline: loop.now.monotonic
          )
      }
    }
  }

  @Test("an attempt ends at its deadline or when it is aborted")
  func unanswered() async throws {
    try await onLoop { loop in
      // A full queue: the kernel drops what else comes, as a host that is away does.
      let full = try TCPListener(anyLoopback, on: loop, backlog: 0)
      let connector = TCPConnector(on: loop)
      let queued = try await connector.connect(to: full.address)
      defer { queued.close() }
      await #expect(throws: IOFailure.timedOut) {
        try await connector.connect(to: full.address, deadline: loop.soon())
      }
      await #expect(throws: IOFailure.cancelled) {
        try await connector.connect(to: full.address) { stream in
          loop.execute { stream.abort() }
        }
      }
    }
  }
}
