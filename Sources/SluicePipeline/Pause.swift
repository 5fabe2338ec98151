package import SluiceCore
import Synchronization

/// Waiting that ends early when the work is cancelled.
package enum Pause {
  /// Waits until the monotonic clock has reached `time`.
  ///
  /// Runs on the exchange's loop and returns there.
  /// - Returns: why it ended early; `nil` if it did not.
  package static func until(
    _ time: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async -> Cancellation.Reason? {
    let sleeper = Sleeper()
    let timer = world.schedule(atMonotonic: time) { sleeper.wake(nil) }
    let link = cancellation.onCancel { sleeper.wake($0) }
    let reason = await sleeper.reason()
    timer.withdraw()
    cancellation.remove(link)
    return reason
  }
}

/// One who waits; woken once, perhaps before it has fallen asleep.
private final class Sleeper: Sendable {
  private enum State {
    case awake
    case asleep(CheckedContinuation<Cancellation.Reason?, Never>)
    case woken(Cancellation.Reason?)
  }
  private let state = Mutex(State.awake)

  func reason() async -> Cancellation.Reason? {
    await withCheckedContinuation { continuation in
      let early = state.withLock { state -> Cancellation.Reason?? in
        if case .woken(let reason) = state { return .some(reason) }
        state = .asleep(continuation)
        return nil
      }
      if case .some(let reason) = early { continuation.resume(returning: reason) }
    }
  }

  func wake(_ reason: Cancellation.Reason?) {
    let sleeper = state.withLock { state -> CheckedContinuation<Cancellation.Reason?, Never>? in
      switch state {
      case .awake: state = .woken(reason)
      case .asleep(let continuation):
        state = .woken(reason)
        return continuation
      case .woken: break
      }
      return nil
    }
    sleeper?.resume(returning: reason)
  }
}
