import SluiceCore
import SluiceReactor
import Synchronization

/// The connections of one loop to one upstream.
///
/// Isolation: its loop, `counts` and `retire` apart, which may be called from anywhere.
final class LoopPool: Sendable {
  struct Counts {
    var busy = 0
    var idle = 0
  }

  let loop: EventLoop

  private struct State {
    var book: PoolBook<Transport>
    var timer: LoopTimer?
    var isRetired = false
    var ticket: TLSTicket?
  }
  private let state: Mutex<State>

  init(on loop: EventLoop, limits: PoolBook<Transport>.Limits) {
    self.loop = loop
    state = Mutex(State(book: PoolBook(limits: limits)))
  }

  deinit {
    let left = state.withLock { $0.book.clear() }
    guard !left.isEmpty else { return }
    loop.execute { for transport in left { transport.close() } }
  }

  var counts: Counts {
    state.withLock { Counts(busy: $0.book.busy, idle: $0.book.idle) }
  }

  enum Place {
    case reused(Transport)
    /// A connection may be opened.
    case free
  }

  /// Takes a connection, or the right to open one.
  ///
  /// - Parameter wallSeconds: when certificates are judged, in seconds since 1970.
  /// - Returns: `nil` when there are too many.
  func take(at wallSeconds: Int64) -> Place? {
    let now = loop.turn.monotonic
    let taken = state.withLock { state in
      state.book.take(at: now) { $0.isFit && $0.isTrusted(at: wallSeconds) && $0.stream.isQuiet }
    }
    for transport in taken.unusable { transport.close() }
    switch taken.advice {
    case .reuse(let transport): return .reused(transport)
    case .open: return .free
    case .refuse: return nil
    }
  }

  /// Watches a connection that was opened, for as long as it is open.
  func adopt(_ transport: Transport) {
    let stream = transport.stream
    stream.onPeerClosed { [weak self, weak stream] in
      guard let self, let stream else { return }
      peerClosed(stream)
    }
  }

  private func peerClosed(_ stream: TCPStream) {
    // One that is busy finds out by reading.
    let wasResting = state.withLock { $0.book.forget { $0.stream === stream } }
    if wasResting { stream.close() }
  }

  /// What shortens the next handshake, at a time in seconds since 1970.
  func ticket(at now: Int64) -> TLSTicket? {
    state.withLock { state in
      if state.ticket?.isGood(at: now) == false { state.ticket = nil }
      return state.ticket
    }
  }

  /// Remembers the newest ticket of a connection, if the server gave one.
  func keepTicket(of transport: Transport) {
    guard let ticket = transport.tls?.takeTicket() else { return }
    state.withLock { $0.ticket = ticket }
  }

  /// Lets a connection rest after a reply that was read to its end.
  func giveBack(_ transport: Transport) {
    let now = loop.turn.monotonic
    let isFit = transport.isFit
    keepTicket(of: transport)
    let surplus = state.withLock { state -> Transport? in
      guard isFit, !state.isRetired, !loop.isStopping else {
        state.book.end()
        return transport
      }
      let surplus = state.book.giveBack(transport, at: now)
      if state.timer == nil { arm(&state) }
      return surplus
    }
    surplus?.close()
  }

  /// Closes a connection, if one was opened, and gives its place back.
  func end(_ transport: Transport?) {
    state.withLock { $0.book.end() }
    transport?.close()
  }

  /// Closes what rests, and from now on what comes back.
  func retire() {
    loop.execute { [self] in
      let left = state.withLock { state in
        state.isRetired = true
        return state.book.clear()
      }
      for transport in left { transport.close() }
    }
  }

  private func arm(_ state: inout State) {
    guard let next = state.book.nextExpiry else { return }
    state.timer = loop.schedule(at: next) { [weak self] in self?.closeOld() }
  }

  private func closeOld() {
    let now = loop.turn.monotonic
    let isStopping = loop.isStopping
    let old = state.withLock { state -> [Transport] in
      state.timer = nil
      if isStopping { return state.book.clear() }
      let old = state.book.expire(at: now)
      arm(&state)
      return old
    }
    for transport in old { transport.close() }
  }
}
