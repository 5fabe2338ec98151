import SluiceCore
import SluiceReactor
import Synchronization

/// One attempt's hold on one connection of a pool, and the way to cut it.
///
/// Ends once: by `giveBack`, by `end`, or when it is forgotten.
///
/// Isolation: its loop, `cut` apart, which may be called from anywhere.
final class Lease: Sendable {
  let pool: LoopPool

  private struct State {
    var stream: TCPStream?
    var reason: Cancellation.Reason?
    var isOver = false
  }
  private let state: Mutex<State>

  /// Takes over a place that the pool granted.
  init(of pool: LoopPool, on stream: TCPStream?) {
    self.pool = pool
    state = Mutex(State(stream: stream))
  }

  deinit {
    let (stream, isOver) = state.withLock { ($0.stream, $0.isOver) }
    guard !isOver else { return }
    let pool = pool
    pool.loop.execute { pool.end(stream) }
  }

  /// Why it was cut; `nil` if it was not.
  var cutReason: Cancellation.Reason? { state.withLock { $0.reason } }

  /// Puts another connection in the place of the one it held, which is closed.
  func replaceStream(with stream: TCPStream?) {
    let old = state.withLock { state in
      defer { state.stream = stream }
      return state.stream
    }
    old?.close()
  }

  /// Closes the connection, so that the upstream sees that nobody waits any more.
  ///
  /// On the loop it has happened on return.
  func cut(_ reason: Cancellation.Reason) {
    if pool.loop.isCurrent {
      cutHere(reason)
    } else {
      pool.loop.execute { self.cutHere(reason) }
    }
  }

  private func cutHere(_ reason: Cancellation.Reason) {
    let stream = state.withLock { state -> TCPStream? in
      guard !state.isOver else { return nil }
      state.reason = state.reason ?? reason
      return state.stream
    }
    // Whoever waits is told that it was on purpose, so that no other address is tried.
    stream?.abort()
    stream?.close()
  }

  /// Lets the connection rest in the pool.
  func giveBack() {
    guard let stream = finish() else { return }
    pool.giveBack(stream)
  }

  /// Closes the connection.
  func end() {
    let (stream, wasOver) = state.withLock { state in
      defer {
        state.isOver = true
        state.stream = nil
      }
      return (state.stream, state.isOver)
    }
    if !wasOver { pool.end(stream) }
  }

  private func finish() -> TCPStream? {
    state.withLock { state in
      guard !state.isOver, let stream = state.stream else { return nil }
      state.isOver = true
      state.stream = nil
      return stream
    }
  }
}
