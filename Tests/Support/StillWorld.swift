package import SluiceCore

/// A world in which nothing passes, and nothing can be scheduled.
package final class StillWorld: World {
  package let now: Moment

  package init(at now: Moment = Moment(monotonic: 1, wall: 1)) { self.now = now }

  package func random() -> UInt64 { 4 }

  package func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    preconditionFailure("nothing is scheduled here")
  }

  package func sleep(untilMonotonic deadline: Int64) async throws {
    preconditionFailure("nothing sleeps here")
  }

  package func startWork(_ work: @escaping @Sendable () async -> Void) { Task { await work() } }
  package func atEndOfTurn(_ action: @escaping @Sendable () -> Void) { action() }
}
