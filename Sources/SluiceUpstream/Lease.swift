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
    var transport: Transport?
    var reason: Cancellation.Reason?
    var isOver = false
  }
  private let state: Mutex<State>

  /// Takes over a place that the pool granted.
  init(of pool: LoopPool, on transport: Transport?) {
    self.pool = pool
    state = Mutex(State(transport: transport))
  }

  deinit {
    let (transport, isOver) = state.withLock { ($0.transport, $0.isOver) }
    guard !isOver else { return }
    let pool = pool
    pool.loop.execute { pool.end(transport) }
  }

  /// Why it was cut; `nil` if it was not.
  var cutReason: Cancellation.Reason? { state.withLock { $0.reason } }

  /// Puts another connection in the place of the one it held, which is closed.
  func replaceTransport(with transport: Transport?) {
    let old = state.withLock { state in
      defer { state.transport = transport }
      return state.transport
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
    let transport = state.withLock { state -> Transport? in
      guard !state.isOver else { return nil }
      state.reason = state.reason ?? reason
      return state.transport
    }
    // Whoever waits is told that it was on purpose, so that no other address is tried.
    transport?.stream.abort()
    transport?.close()
  }

  /// Lets the connection rest in the pool.
  func giveBack() {
    guard let transport = finish() else { return }
    pool.giveBack(transport)
  }

  /// Closes the connection.
  func end() {
    let (transport, wasOver) = state.withLock { state in
      defer {
        state.isOver = true
        state.transport = nil
      }
      return (state.transport, state.isOver)
    }
    if !wasOver { pool.end(transport) }
  }

  private func finish() -> Transport? {
    state.withLock { state in
      guard !state.isOver, let transport = state.transport else { return nil }
      state.isOver = true
      state.transport = nil
      return transport
    }
  }
}
