internal import SluiceCore
internal import SluicePipeline
package import SluiceTelemetry
internal import Synchronization

/// The flights of the process, across loops and generations.
///
/// The shell around `Flights`: it owns the lock and wakes followers. Safe from any thread.
package final class FlightTable: Sendable {
  private let flights: Mutex<Flights<FlightWaiter>>
  /// How many wait at this moment.
  private let gauge: Gauge

  package init(followers gauge: Gauge, bound: Int = Bounds.flightFollowers) {
    flights = Mutex(Flights(bound: bound))
    self.gauge = gauge
  }

  /// What became of an exchange that asked to join.
  enum Turn: Sendable {
    case lead
    /// The answer was stored: look it up.
    case served
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
    let waiter = FlightWaiter()
    switch flights.withLock({ $0.join(key, with: waiter) }) {
    case .lead: return .lead
    case .alone: return .alone
    case .follow(let number):
      gauge.increment()
      defer { gauge.decrement() }
      let timer = world.schedule(atMonotonic: deadline) { [weak self] in
        self?.leave(key, number, waiter, saying: .deadline)
      }
      let link = cancellation.onCancel { [weak self] reason in
        self?.leave(key, number, waiter, saying: .cancelled(reason))
      }
      let turn = await waiter.turn()
      timer.withdraw()
      cancellation.remove(link)
      return turn
    }
  }

  /// Ends a flight that the caller leads.
  func land(_ key: Digest, isStored: Bool) {
    let landing = flights.withLock { $0.land(key, isStored: isStored) }
    landing.leader?.wake(.lead)
    for waiter in landing.served { waiter.wake(.served) }
  }

  func hasFollowers(_ key: Digest) -> Bool { flights.withLock { $0.hasFollowers(key) } }

  /// Whether nobody leads or follows, as must be when no exchange is in flight.
  package var isEmpty: Bool { flights.withLock { $0.isEmpty } }

  /// Wakes a follower early, unless the flight's end is about to.
  private func leave(_ key: Digest, _ number: UInt64, _ waiter: FlightWaiter, saying turn: Turn) {
    if flights.withLock({ $0.leave(key, number) }) { waiter.wake(turn) }
  }
}

/// One follower, asleep.
///
/// Woken once, by whoever took it out of the table; that may happen before it has fallen asleep.
private final class FlightWaiter: Sendable {
  private enum State {
    case awake
    case asleep(CheckedContinuation<FlightTable.Turn, Never>)
    case woken(FlightTable.Turn)
  }
  private let state = Mutex(State.awake)

  func turn() async -> FlightTable.Turn {
    await withCheckedContinuation { continuation in
      let early = state.withLock { state -> FlightTable.Turn? in
        if case .woken(let turn) = state { return turn }
        state = .asleep(continuation)
        return nil
      }
      if let early { continuation.resume(returning: early) }
    }
  }

  func wake(_ turn: FlightTable.Turn) {
    let sleeper = state.withLock { state -> CheckedContinuation<FlightTable.Turn, Never>? in
      defer { state = .woken(turn) }
      if case .asleep(let continuation) = state { return continuation }
      return nil
    }
    sleeper?.resume(returning: turn)
  }
}
