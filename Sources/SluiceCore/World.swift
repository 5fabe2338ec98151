/// A point in time, on two clocks at once.
///
/// Decisions (limits, breakers, deadlines) use `monotonic`, which never steps. Only what a person
/// or a calendar sees (log lines, budget days, `now` in a policy) uses `wall`.
package struct Moment: Hashable, Sendable {
  /// Nanoseconds since an arbitrary start; never goes back.
  package var monotonic: Int64
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  package var wall: Int64

  package init(monotonic: Int64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }

  /// Whole seconds since 1970, rounded down.
  package var wallSeconds: Int64 { wall.flooredDivision(by: 1_000_000_000).quotient }

  /// This moment moved by `nanoseconds` on both clocks.
  package func advanced(byNanoseconds nanoseconds: Int64) -> Moment {
    Moment(monotonic: monotonic + nanoseconds, wall: wall + nanoseconds)
  }
}

/// Everything that is not determined by its input: the clock, chance, and waiting.
///
/// An event loop implements it with the machine's clocks and its own timers, the simulation with
/// virtual time and a seed. Nothing else in the package may read a clock, draw a number or sleep.
///
/// Isolation: `sleep(until:)` is called on the executor that owns the world and resumes there; the
/// other members may be called from anywhere.
package protocol World: AnyObject, Sendable {
  /// The time now. The real one costs one vDSO call for each clock, some 40 ns.
  var now: Moment { get }

  /// `now.monotonic`, for who needs no more than that and asks often.
  var monotonic: Int64 { get }

  /// 64 evenly distributed bits. Not for secrets: see `SecretBytes`.
  func random() -> UInt64

  /// Runs `action` once the monotonic clock has reached `deadline`, in nanoseconds.
  ///
  /// The action runs on the executor that owns the world; it must not block.
  /// - Returns: what withdraws it.
  func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction

  /// Waits until the monotonic clock has reached `deadline`, in nanoseconds.
  ///
  /// - Throws: `CancellationError` when the task is cancelled first.
  func sleep(untilMonotonic deadline: Int64) async throws

  /// Starts a task whose every part runs on the executor that owns the world, as soon as that has
  /// time; nobody waits for it.
  func startWork(_ work: @escaping @Sendable () async -> Void)

  /// Runs `action` after the work that is ready now, and before anything new is waited for.
  ///
  /// What many tasks of a turn want done once, such as one write to a journal, is done there; the
  /// tasks that it releases still run in the same turn. On the executor that owns the world.
  func atEndOfTurn(_ action: @escaping @Sendable () -> Void)
}

extension World {
  package var monotonic: Int64 { now.monotonic }
}

/// An action that a world will run.
package protocol ScheduledAction: AnyObject, Sendable {
  /// Withdraws the action; nothing happens if it ran. On the executor that owns the world.
  func withdraw()
}

extension Duration {
  /// The whole nanoseconds of this duration, clamped to what `Int64` holds (292 years).
  package var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflowed { return seconds < 0 ? .min : .max }
    let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }
}
