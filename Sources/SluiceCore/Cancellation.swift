internal import Synchronization

/// Says once that an exchange's work is no longer wanted, and why.
///
/// The connection cancels it when its client leaves; whatever waits registers a way to stop
/// waiting. A plain object rather than task cancellation: the leader of a flight outlives its
/// client, and a task that was cancelled cannot be wanted again.
///
/// Safe from any thread. Actions run on the thread that cancels, at most once each.
package final class Cancellation: Sendable {
  package enum Reason: Sendable { case clientLeft, deadline, draining, killed }

  private struct State {
    var reason: Reason?
    var nextID: UInt64 = 0
    var actions: [(id: UInt64, run: @Sendable (Reason) -> Void)] = []
  }
  private let state = Mutex(State())

  package init() {}

  /// Why the work was cancelled; `nil` while it is wanted.
  package var reason: Reason? { state.withLock { $0.reason } }

  /// Cancels the work.
  ///
  /// The first reason stays; later calls do nothing.
  package func cancel(_ reason: Reason) {
    let actions = state.withLock { state -> [@Sendable (Reason) -> Void] in
      guard state.reason == nil else { return [] }
      state.reason = reason
      defer { state.actions = [] }
      return state.actions.map(\.run)
    }
    for action in actions { action(reason) }
  }

  /// Runs `action` when the work is cancelled, at once if it already is.
  ///
  /// - Returns: what `remove(_:)` takes to withdraw the action.
  @discardableResult
  package func onCancel(_ action: @escaping @Sendable (Reason) -> Void) -> UInt64 {
    let (id, reason) = state.withLock { state -> (UInt64, Reason?) in
      state.nextID += 1
      if state.reason == nil { state.actions.append((state.nextID, action)) }
      return (state.nextID, state.reason)
    }
    if let reason { action(reason) }
    return id
  }

  /// Withdraws an action; nothing happens if it ran.
  package func remove(_ id: UInt64) {
    state.withLock { state in
      // The last one that came is the first to go, as a rule.
      guard let place = state.actions.lastIndex(where: { $0.id == id }) else { return }
      state.actions.remove(at: place)
    }
  }
}
