internal import CReactor

/// Opens connections from one loop.
package struct TCPConnector: Sendable {
  package let loop: EventLoop

  package init(on loop: EventLoop) {
    self.loop = loop
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
