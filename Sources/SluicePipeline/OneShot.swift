import Synchronization

/// A value that is sent once and waited for once.
///
/// It may be sent before anybody waits; whoever sends after the first says nothing. Safe from any
/// thread; the waiting task resumes on its own executor.
package final class OneShot<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case awaited(CheckedContinuation<Value, Never>)
    case sent(Value)
  }
  private let state = Mutex(State.empty)

  package init() {}

  /// The value that is sent, when it is.
  package func value() async -> Value {
    await withCheckedContinuation { continuation in
      let early = state.withLock { state -> Value? in
        if case .sent(let value) = state { return .some(value) }
        state = .awaited(continuation)
        return .none
      }
      if case .some(let value) = early { continuation.resume(returning: value) }
    }
  }

  /// Whether it was sent, so that work for it can be left out.
  package var isSent: Bool {
    state.withLock { state in
      if case .sent = state { true } else { false }
    }
  }

  package func send(_ value: Value) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
      switch state {
      case .sent: return nil
      case .empty:
        state = .sent(value)
        return nil
      case .awaited(let continuation):
        state = .sent(value)
        return continuation
      }
    }
    waiting?.resume(returning: value)
  }
}
