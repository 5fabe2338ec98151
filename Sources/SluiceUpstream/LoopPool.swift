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
    var book: PoolBook<TCPStream>
    var timer: LoopTimer?
    var isRetired = false
  }
  private let state: Mutex<State>

  init(on loop: EventLoop, limits: PoolBook<TCPStream>.Limits) {
    self.loop = loop
    state = Mutex(State(book: PoolBook(limits: limits)))
  }

  deinit {
    let left = state.withLock { $0.book.clear() }
    guard !left.isEmpty else { return }
    loop.execute { for stream in left { stream.close() } }
  }

  var counts: Counts {
    state.withLock { Counts(busy: $0.book.busy, idle: $0.book.idle) }
  }

  enum Place {
    case reused(TCPStream)
    /// A connection may be opened.
    case free
  }

  /// Takes a connection, or the right to open one; `nil` when there are too many.
  func take() -> Place? {
    let now = loop.turn.monotonic
    let taken = state.withLock { state in
      // A peer may have closed, or said something that nobody asked for: its next words would be
      // taken for the reply to the next request.
      state.book.take(at: now) { !$0.isClosed && !$0.peerHasClosed && !$0.mayHaveUnread }
    }
    for stream in taken.unusable { stream.close() }
    switch taken.advice {
    case .reuse(let stream): return .reused(stream)
    case .open: return .free
    case .refuse: return nil
    }
  }

  /// Watches a connection that was opened, for as long as it is open.
  func adopt(_ stream: TCPStream) {
    stream.onPeerClosed { [weak self, weak stream] in
      guard let self, let stream else { return }
      peerClosed(stream)
    }
  }

  private func peerClosed(_ stream: TCPStream) {
    // One that is busy finds out by reading.
    let wasResting = state.withLock { $0.book.forget { $0 === stream } }
    if wasResting { stream.close() }
  }

  /// Lets a connection rest after a reply that was read to its end.
  func giveBack(_ stream: TCPStream) {
    let now = loop.turn.monotonic
    let isFit = !stream.isClosed && !stream.peerHasClosed && !stream.mayHaveUnread
    let surplus = state.withLock { state -> TCPStream? in
      guard isFit, !state.isRetired, !loop.isStopping else {
        state.book.end()
        return stream
      }
      let surplus = state.book.giveBack(stream, at: now)
      if state.timer == nil { arm(&state) }
      return surplus
    }
    surplus?.close()
  }

  /// Closes a connection, if one was opened, and gives its place back.
  func end(_ stream: TCPStream?) {
    state.withLock { $0.book.end() }
    stream?.close()
  }

  /// Closes what rests, and from now on what comes back.
  func retire() {
    loop.execute { [self] in
      let left = state.withLock { state in
        state.isRetired = true
        return state.book.clear()
      }
      for stream in left { stream.close() }
    }
  }

  private func arm(_ state: inout State) {
    guard let next = state.book.nextExpiry else { return }
    state.timer = loop.schedule(at: next) { [weak self] in self?.closeOld() }
  }

  private func closeOld() {
    let now = loop.turn.monotonic
    let isStopping = loop.isStopping
    let old = state.withLock { state -> [TCPStream] in
      state.timer = nil
      if isStopping { return state.book.clear() }
      let old = state.book.expire(at: now)
      arm(&state)
      return old
    }
    for stream in old { stream.close() }
  }
}
