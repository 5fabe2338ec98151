internal import SluiceCore
internal import Synchronization

/// A wait of one task, ended once, by whatever comes first.
final class Pause: Sendable {
  enum Ending: Sendable, Equatable {
    case elapsed
    case cancelled
  }

  private struct State {
    var ending: Ending?
    var waiter: CheckedContinuation<Ending, Never>?
  }
  private let state = Mutex(State())

  /// Ends the wait; only the first ending counts.
  func end(_ ending: Ending) {
    let waiter = state.withLock { state -> CheckedContinuation<Ending, Never>? in
      guard state.ending == nil else { return nil }
      state.ending = ending
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: ending)
  }

  /// How the wait ended; waits for that.
  var ending: Ending {
    get async {
      await withCheckedContinuation { continuation in
        let ending = state.withLock { state -> Ending? in
          if state.ending == nil { state.waiter = continuation }
          return state.ending
        }
        if let ending { continuation.resume(returning: ending) }
      }
    }
  }
}

extension World {
  /// Waits until the monotonic clock has reached `deadline` or until `cancellation` is cancelled.
  ///
  /// - Returns: why it was cancelled; `nil` when the time has come.
  func wait(
    untilMonotonic deadline: Int64,
    or cancellation: Cancellation
  ) async -> Cancellation.Reason? {
    let pause = Pause()
    let action = schedule(atMonotonic: deadline) { pause.end(.elapsed) }
    let id = cancellation.onCancel { _ in pause.end(.cancelled) }
    let ending = await pause.ending
    cancellation.remove(id)
    action.withdraw()
    return ending == .cancelled ? cancellation.reason : nil
  }
}
