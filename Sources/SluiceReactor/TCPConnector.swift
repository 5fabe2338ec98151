internal import CReactor
internal import SluiceCore

/// Opens connections from one loop.
package struct TCPConnector: Sendable {
  package let loop: EventLoop

  package init(on loop: EventLoop) {
    self.loop = loop
  }

  /// Connects to the first of several addresses that answers, in their order.
  ///
  /// Each attempt gets its equal share of the time that is left, so that one address that drops
  /// packets cannot use up all of it.
  ///
  /// - Parameters:
  ///   - addresses: one at least.
  ///   - deadline: for all attempts together, in monotonic nanoseconds.
  ///   - onStart: told of each stream before it is connected, so that its owner can abort it.
  /// - Throws: what the last attempt failed with; `cancelled` at once.
  /// - Returns: a stream that is the caller's to close.
  package func connect(
    toFirstOf addresses: [SocketAddress],
    deadline: Int64 = .max,
    onStart: ((TCPStream) -> Void)? = nil
  ) async throws(IOFailure) -> TCPStream {
    precondition(!addresses.isEmpty, "a connection leads somewhere")
    var failure = IOFailure.notFound
    for (index, address) in addresses.enumerated() {
      let now = loop.now.monotonic
      if deadline <= now { throw .timedOut }
      let share =
        deadline == .max ? .max : now + (deadline - now) / Int64(addresses.count - index)
      do {
        return try await connect(to: address, deadline: share, onStart: onStart)
      } catch {
        if error == .cancelled { throw error }
        failure = error
      }
    }
    throw failure
  }

  /// Connects to an address.
  ///
  /// - Parameters:
  ///   - address: where to.
  ///   - deadline: in monotonic nanoseconds; without one the kernel gives up after two minutes.
  ///   - onStart: told of the stream before it is connected, so that its owner can abort it.
  /// - Throws: `refused`, `unreachable`, `timedOut`, `cancelled` and what else befalls a connection;
  ///   the stream is closed then.
  /// - Returns: a stream that is the caller's to close.
  package func connect(
    to address: SocketAddress,
    deadline: Int64 = .max,
    onStart: ((TCPStream) -> Void)? = nil
  ) async throws(IOFailure) -> TCPStream {
    loop.assertCurrent()
    if loop.isStopping { throw .closed }
    let stream = try TCPStream(
      descriptor: try checked(reactor_connect(address.raw)),
      peer: address,
      isIncoming: false,
      on: loop
    )
    onStart?(stream)
    if let failure = await stream.connected(before: deadline) {
      stream.close()
      throw failure
    }
    return stream
  }
}

extension TCPStream {
  /// Waits for the connection attempt to end.
  fileprivate func connected(before deadline: Int64) async -> IOFailure? {
    // A socket that connects becomes writable when it is done, well or badly.
    if let failure = await writable(before: deadline) { return failure }
    return connectionFailure()
  }
}
