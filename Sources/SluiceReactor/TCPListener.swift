internal import CReactor
internal import SluiceCore

/// Accepts connections on one address for one loop.
///
/// Several loops listen on the same port, and the kernel deals the connections out among them
/// (`SO_REUSEPORT`). When descriptors run out, or the loop holds `Bounds.connectionsPerLoop`
/// accepted connections, those that wait are refused by closing them: a client that is told tries
/// elsewhere, one that hangs does not.
///
/// Isolation: `start` and `close` may be called from anywhere, the handler runs on the loop.
package final class TCPListener: EventSource, @unchecked Sendable {
  package let loop: EventLoop
  /// The address it listens on, with the port that the kernel chose for port 0.
  package let address: SocketAddress

  private let descriptor: Int32
  private let maximumStreams: Int
  // From here on: the loop's thread only.
  private var registration: Registration?
  private var isClosed = false
  private var handler: ((TCPStream) -> Void)?
  /// Given up to accept and refuse a connection when no other descriptor is left.
  private var spare: Int32
  /// Connections that were closed unserved.
  package private(set) var refused = 0

  /// Binds and listens, without accepting yet.
  ///
  /// Does not notice that another process of the same user listens on the same port, which
  /// `SO_REUSEPORT` allows: see `open`.
  package init(
    _ address: SocketAddress,
    on loop: EventLoop,
    maximumStreams: Int = Bounds.connectionsPerLoop,
    backlog: Int = Bounds.acceptBacklog
  ) throws(IOFailure) {
    self.loop = loop
    self.maximumStreams = maximumStreams
    descriptor = try checked(reactor_listen(address.raw, Int32(clamping: backlog), 1))
    var raw = reactor_address()
    let result = unsafe reactor_local_address(descriptor, &raw)
    guard result >= 0 else {
      reactor_close(descriptor)
      throw IOFailure(negated: Int(result))
    }
    self.address = SocketAddress(raw)
    spare = reactor_open_null()
  }

  deinit {
    if registration == nil, !isClosed { reactor_close(descriptor) }
    if spare >= 0 { reactor_close(spare) }
  }

  /// Listens on one address for every loop, all on one port even if that is 0.
  ///
  /// - Throws: `addressInUse` also when another process shares its ports.
  package static func open(
    _ address: SocketAddress,
    on loops: [EventLoop],
    maximumStreams: Int = Bounds.connectionsPerLoop
  ) throws(IOFailure) -> [TCPListener] {
    if address.port != 0 {
      // Without sharing, this fails if anybody listens there already. It binds only: a client that
      // came in this moment would be broken off.
      reactor_close(try checked(reactor_listen(address.raw, -1, 0)))
    }
    var listeners: [TCPListener] = []
    for loop in loops {
      listeners.append(
        try TCPListener(
          listeners.first?.address ?? address,
          on: loop,
          maximumStreams: maximumStreams
        )
      )
    }
    return listeners
  }

  /// Begins to accept.
  ///
  /// - Parameter handler: called on the loop with each connection, which is then the handler's.
  package func start(_ handler: @escaping @Sendable (TCPStream) -> Void) {
    loop.execute { self.startHere(handler) }
  }

  /// Stops accepting; when called on the loop, it has on return.
  ///
  /// Connections that the kernel has already completed are still handed to the handler: closing
  /// would break them off, and their clients were told that they are connected.
  package func close() {
    if loop.isCurrent {
      closeHere()
    } else {
      loop.execute { self.closeHere() }
    }
  }

  func becameReady(_ readiness: Readiness) {
    acceptSome(atMost: Bounds.acceptsPerWake)
  }

  func loopStops() {
    handler = nil
    closeHere()
  }

  private func startHere(_ handler: @escaping @Sendable (TCPStream) -> Void) {
    guard !isClosed else { return }
    precondition(registration == nil, "a listener starts once")
    guard !loop.isStopping else { return closeHere() }
    self.handler = handler
    do {
      registration = try loop.add(self, descriptor: descriptor, interest: .read)
    } catch {
      // The descriptor is ours and new to the poller: only memory can be short.
      pause { self.startHere(handler) }
    }
  }

  private func closeHere() {
    guard !isClosed else { return }
    if handler != nil { acceptSome(atMost: Bounds.acceptBacklog) }
    // A handler may have closed it meanwhile.
    guard !isClosed else { return }
    isClosed = true
    handler = nil
    if let registration {
      loop.close(registration)
    } else {
      reactor_close(descriptor)
    }
    registration = nil
  }

  private func acceptSome(atMost limit: Int) {
    for _ in 0..<limit {
      guard let handler, !isClosed else { return }
      var raw = reactor_address()
      let result = unsafe reactor_accept(descriptor, &raw)
      if result >= 0 {
        guard loop.acceptedStreams < maximumStreams else {
          refused += 1
          reactor_close(result)
          continue
        }
        do {
          let peer = SocketAddress(raw)
          handler(try TCPStream(descriptor: result, peer: peer, isIncoming: true, on: loop))
        } catch {
          refused += 1
        }
        continue
      }
      if isNotNow(Int(result)) { return }
      switch IOFailure(negated: Int(result)) {
      case .tooManyDescriptors:
        guard refuseOne() else { return rest() }
      case .reset, .timedOut, .unreachable, .denied, .refused:
        // The connection died in the queue, or a firewall forbade it: the next may be well.
        continue
      case .closed, .cancelled, .addressInUse, .notFound, .inUse, .tooLarge, .noSpace, .readOnly,
        .deviceFailed, .overloaded, .other:
        // Memory is short, or worse: asking again at once would spin.
        return rest()
      }
    }
  }

  /// Accepts one connection on the spare descriptor, only to close it.
  private func refuseOne() -> Bool {
    guard spare >= 0 else {
      spare = reactor_open_null()
      return spare >= 0
    }
    reactor_close(spare)
    var raw = reactor_address()
    let result = unsafe reactor_accept(descriptor, &raw)
    if result >= 0 {
      refused += 1
      reactor_close(result)
    }
    spare = reactor_open_null()
    return result >= 0
  }

  /// Stops polling for a moment: the level-triggered listener would wake the loop without end.
  private func rest() {
    guard let registration, !isClosed else { return }
    loop.change(registration, interest: [])
    pause {
      guard let registration = self.registration, !self.isClosed else { return }
      self.loop.change(registration, interest: .read)
    }
  }

  private func pause(then action: @escaping () -> Void) {
    let milliseconds: Int64 = 50
    _ = loop.schedule(at: loop.turn.monotonic + milliseconds * 1_000_000) {
      if !self.loop.isStopping { action() }
    }
  }
}
