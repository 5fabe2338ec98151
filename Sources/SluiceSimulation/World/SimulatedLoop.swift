package import SluiceCore

/// An event loop whose jobs run when the simulated world says so.
///
/// As the reactor's loop, it is at once the executor that tasks are pinned to and the world that
/// they live in. Several loops of one world stand for several cores: their jobs interleave in any
/// order, though never in parallel.
package final class SimulatedLoop: SerialExecutor, TaskExecutor, World {
  /// Its place among the loops of its world.
  package let index: Int
  package let world: SimulatedWorld

  init(index: Int, world: SimulatedWorld) {
    self.index = index
    self.world = world
  }

  /// Starts a task that stays on this loop.
  @discardableResult
  package func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: self) { await body() }
  }

  // MARK: Executor

  package func enqueue(_ job: consuming ExecutorJob) {
    world.enqueue(UnownedJob(job), on: self)
  }

  package func isIsolatingCurrentContext() -> Bool? { world.runningLoop == index }

  package func checkIsolated() { assertCurrent() }

  func run(_ job: UnownedJob) {
    // The names of executors are unowned references; this one outlives the call that it is given to.
    unsafe job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(),
      taskExecutor: asUnownedTaskExecutor()
    )
  }

  /// Traps unless this loop is what runs: the mistakes that a real loop asserts against.
  func assertCurrent() {
    precondition(
      world.runningLoop == index,
      "\(world.replay): called off its loop \(index)"
    )
  }

  // MARK: World

  package var now: Moment { world.now }

  package func random() -> UInt64 { world.random() }

  package func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    assertCurrent()
    return world.schedule(atMonotonic: deadline, on: self, action)
  }

  package func sleep(untilMonotonic deadline: Int64) async throws {
    assertCurrent()
    try await world.sleep(untilMonotonic: deadline, on: self)
  }

  package func startWork(_ work: @escaping @Sendable () async -> Void) { start(work) }

  package func atEndOfTurn(_ action: @escaping @Sendable () -> Void) {
    assertCurrent()
    world.makeReady(action, on: self)
  }
}
