internal import SluiceCore
internal import SluicePipeline
package import SluiceTelemetry
internal import Synchronization

/// The flights of the process, across loops and generations.
///
/// The shell around `Flights`: it owns the lock and wakes followers. Safe from any thread.
package final class FlightTable: Sendable {
  private struct State {
    var flights: Flights<OneShot<Turn>>
    /// What leaders want done when their last follower has left.
    var desertions: [Digest: @Sendable () -> Void] = [:]
  }
  private let state: Mutex<State>
  /// How many wait at this moment.
  private let gauge: Gauge

  package init(followers gauge: Gauge, bound: Int = Bounds.flightFollowers) {
    state = Mutex(State(flights: Flights(bound: bound)))
    self.gauge = gauge
  }

  /// What became of an exchange that asked to join.
  enum Turn: Sendable {
    case lead
    /// The answer is there, under the flight's own key unless the leader was given that of a near
    /// question: look it up.
    case served(SemanticMatch?)
    case alone
    case deadline
    case cancelled(Cancellation.Reason)
  }

  /// Leads the flight of `key`, or waits for its end until `deadline` on the monotonic clock.
  ///
  /// Runs on the exchange's loop and returns there.
  func join(
    _ key: Digest,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async -> Turn {
    let (joined, follower) = state.withLock { state in
      var follower: OneShot<Turn>?
      func makeFollower() -> OneShot<Turn> {
        let made = OneShot<Turn>()
        follower = made
        return made
      }
      let joined = state.flights.join(key, with: makeFollower())
      return (joined, follower)
    }
    switch joined {
    case .lead: return .lead
    case .alone: return .alone
    case .follow(let number):
      guard let waiter = follower else { preconditionFailure("who follows waits") }
      gauge.increment()
      defer { gauge.decrement() }
      let timer = world.schedule(atMonotonic: deadline) { [weak self] in
        self?.leave(key, number, waiter, saying: .deadline)
      }
      let link = cancellation.onCancel { [weak self] reason in
        self?.leave(key, number, waiter, saying: .cancelled(reason))
      }
      let turn = await waiter.value()
      timer.withdraw()
      cancellation.remove(link)
      return turn
    }
  }

  /// Leads the flight of `key` if nobody does; the caller does not wait.
  func lead(_ key: Digest) -> Bool { state.withLock { $0.flights.lead(key) } }

  /// Ends a flight that the caller leads.
  ///
  /// `match` is where the followers find their answer if not under `key`.
  func land(_ key: Digest, isStored: Bool, on match: SemanticMatch? = nil) {
    let landing = state.withLock { state in
      if !state.desertions.isEmpty { state.desertions[key] = nil }
      return state.flights.land(key, isStored: isStored)
    }
    landing.leader?.send(.lead)
    for waiter in landing.served { waiter.send(.served(match)) }
  }

  func hasFollowers(_ key: Digest) -> Bool { state.withLock { $0.flights.hasFollowers(key) } }

  /// Runs `action` when the last follower of a flight that the caller leads has left, at once if
  /// there is none; never if the flight ends first.
  func whenDeserted(_ key: Digest, _ action: @escaping @Sendable () -> Void) {
    let isDeserted = state.withLock { state in
      guard state.flights.hasFollowers(key) else { return true }
      state.desertions[key] = action
      return false
    }
    if isDeserted { action() }
  }

  /// Whether nobody leads or follows, as must be when no exchange is in flight.
  package var isEmpty: Bool { state.withLock { $0.flights.isEmpty } }

  /// Wakes a follower early, unless the flight's end is about to.
  private func leave(_ key: Digest, _ number: UInt64, _ waiter: OneShot<Turn>, saying turn: Turn) {
    let (hasLeft, desertion) = state.withLock { state in
      guard state.flights.leave(key, number) else { return (false, nil as (@Sendable () -> Void)?) }
      return (
        true, state.flights.hasFollowers(key) ? nil : state.desertions.removeValue(forKey: key)
      )
    }
    if hasLeft { waiter.send(turn) }
    desertion?()
  }
}
