import Synchronization

/// Something that comes once, from anywhere, and that one task may wait for.
final class Occasion: Sendable {
  private enum State {
    case ahead
    case awaited(CheckedContinuation<Void, Never>)
    case past
  }
  private let state = Mutex(State.ahead)

  var isPast: Bool {
    state.withLock { state in
      if case .past = state { return true }
      return false
    }
  }

  /// Lets it come; again does nothing.
  func come() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      defer { state = .past }
      guard case .awaited(let waiter) = state else { return nil }
      return waiter
    }
    waiter?.resume()
  }

  /// Waits until it has come.
  func hasCome() async {
    await withCheckedContinuation { continuation in
      let isPast = state.withLock { state in
        if case .past = state { return true }
        state = .awaited(continuation)
        return false
      }
      if isPast { continuation.resume() }
    }
  }
}
