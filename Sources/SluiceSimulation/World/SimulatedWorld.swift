package import SluiceCore
internal import SluicePipeline
internal import Synchronization

/// A world in which nothing happens by itself: time, chance and the order of work come from a seed.
///
/// Nothing runs until `run()`. It picks the next job or due action among the ready ones by the seed;
/// when none is ready, time jumps to the earliest scheduled action. One seed is one run.
///
/// Its loops are the worlds of what is simulated; the world itself is the one of what is around it
/// (the network, the clients, the operator): its actions run on no loop.
///
/// Isolation: used from the one thread that calls `run()`, and from the tasks that `run()` runs.
package final class SimulatedWorld: World {
  package let seed: UInt64
  private let state: Mutex<State>

  private struct State {
    var monotonic: Int64
    var wall: Int64
    var drift: ClosedRange<Int64>
    var scheduling: SeededRandom
    var random: SeededRandom
    var loops: [SimulatedLoop] = []
    var ready: [Step] = []
    /// Latest first, so that the next one is taken from the end.
    var agenda: [Entry] = []
    var lastID: UInt64 = 0
    var running: Int?
    var isDriven = false
    var trace: Trace

    /// Where an entry stands in the agenda, or would; logarithmic.
    func place(of deadline: Int64, _ id: UInt64) -> Int {
      var low = 0
      var high = agenda.count
      while low < high {
        let middle = (low + high) / 2
        if (agenda[middle].deadline, agenda[middle].id) > (deadline, id) {
          low = middle + 1
        } else {
          high = middle
        }
      }
      return low
    }
  }

  /// Something that can be done now.
  private struct Step {
    enum Work {
      case job(UnownedJob)
      case action(@Sendable () -> Void)
    }
    var id: UInt64
    var loop: SimulatedLoop?
    var work: Work
  }

  /// Something to be done at a time.
  private struct Entry {
    var deadline: Int64
    var id: UInt64
    var loop: SimulatedLoop?
    var action: @Sendable () -> Void
  }

  /// A world at rest, with `loops` loops.
  ///
  /// The wall clock starts at `startWall`, nanoseconds since 1970, by default 2026-03-01T12:00:00Z.
  /// With each step `drift` nanoseconds pass; with none, time stands while work is ready.
  package init(
    seed: UInt64,
    loops: Int = 1,
    startWall: Int64 = 1_772_366_400_000_000_000,
    drift: ClosedRange<Int64> = 0...0,
    keepsLines: Bool = false
  ) {
    self.seed = seed
    var source = SeededRandom(seed: seed)
    state = Mutex(
      State(
        monotonic: 1_000_000_000,
        wall: startWall,
        drift: drift,
        scheduling: source.fork(),
        random: source.fork(),
        trace: Trace(keepsLines: keepsLines)
      )
    )
    let made = (0..<loops).map { SimulatedLoop(index: $0, world: self) }
    state.withLock { $0.loops = made }
  }

  package var loops: [SimulatedLoop] { state.withLock { $0.loops } }

  /// The steps so far.
  package var trace: Trace { state.withLock { $0.trace } }

  /// How to run this again, for messages.
  package var replay: String { "seed \(seed) (SLUICE_SEED=\(seed) swift test)" }

  /// The loop whose job runs; `nil` between jobs and in actions of the world itself.
  var runningLoop: Int? { state.withLock { $0.running } }

  // MARK: Running

  /// Runs until nothing is ready and nothing is scheduled, or until `deadline`.
  ///
  /// Traps, naming the seed, when the work does not come to rest within `steps`.
  ///
  /// - Returns: whether `isDone`, which is asked before each step, ended the run.
  @discardableResult
  package func run(
    untilMonotonic deadline: Int64 = .max,
    atMost steps: Int = Bounds.simulationSteps,
    until isDone: () -> Bool = { false }
  ) -> Bool {
    state.withLock { state in
      precondition(!state.isDriven, "a world is run from one place")
      state.isDriven = true
    }
    defer { state.withLock { $0.isDriven = false } }
    var taken = 0
    while true {
      if isDone() { return true }
      guard let step = nextStep(before: deadline) else { return false }
      taken += 1
      precondition(taken <= steps, "\(replay): not at rest after \(steps) steps")
      switch step.work {
      case .job(let job): step.loop?.run(job)
      case .action(let action): action()
      }
      state.withLock { $0.running = nil }
    }
  }

  private func nextStep(before deadline: Int64) -> Step? {
    state.withLock { state in
      if state.drift.upperBound > 0, !state.ready.isEmpty {
        let passed = Int64.random(in: state.drift, using: &state.scheduling)
        state.monotonic += passed
        state.wall += passed
      }
      if state.ready.isEmpty, let next = state.agenda.last, next.deadline > state.monotonic {
        guard next.deadline <= deadline else { return nil }
        state.wall += next.deadline - state.monotonic
        state.monotonic = next.deadline
      }
      while let next = state.agenda.last, next.deadline <= state.monotonic {
        state.agenda.removeLast()
        state.ready.append(Step(id: next.id, loop: next.loop, work: .action(next.action)))
      }
      guard !state.ready.isEmpty else { return nil }
      let place = Int.random(in: 0..<state.ready.count, using: &state.scheduling)
      let step = state.ready.remove(at: place)
      state.running = step.loop?.index
      state.trace.add(
        UInt64(bitPattern: state.monotonic),
        UInt64(step.loop?.index ?? 255),
        UInt64(place),
        UInt64(state.ready.count)
      )
      return step
    }
  }

  func enqueue(_ job: UnownedJob, on loop: SimulatedLoop) {
    state.withLock { state in
      state.lastID += 1
      state.ready.append(Step(id: state.lastID, loop: loop, work: .job(job)))
    }
  }

  /// Makes an action ready, to run when the seed picks it.
  ///
  /// A loop's turn here is one step; what follows it may come before or after any other step.
  func makeReady(_ action: @escaping @Sendable () -> Void, on loop: SimulatedLoop?) {
    state.withLock { state in
      state.lastID += 1
      state.ready.append(Step(id: state.lastID, loop: loop, work: .action(action)))
    }
  }

  // MARK: Time and chance

  package var now: Moment {
    state.withLock { Moment(monotonic: $0.monotonic, wall: $0.wall) }
  }

  package func random() -> UInt64 { state.withLock { $0.random.next() } }

  package func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    schedule(atMonotonic: deadline, on: nil, action)
  }

  package func sleep(untilMonotonic deadline: Int64) async throws {
    try await sleep(untilMonotonic: deadline, on: nil)
  }

  package func startWork(_ work: @escaping @Sendable () async -> Void) { loops[0].start(work) }

  package func atEndOfTurn(_ action: @escaping @Sendable () -> Void) {
    makeReady(action, on: nil)
  }

  func schedule(
    atMonotonic deadline: Int64,
    on loop: SimulatedLoop?,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    state.withLock { state in
      state.lastID += 1
      let id = state.lastID
      let place = state.place(of: deadline, id)
      state.agenda.insert(
        Entry(deadline: deadline, id: id, loop: loop, action: action),
        at: place
      )
      return SimulatedAction(id: id, deadline: deadline, loop: loop, world: self)
    }
  }

  func withdraw(_ id: UInt64, deadline: Int64) {
    state.withLock { state in
      let place = state.place(of: deadline, id)
      if place < state.agenda.count, state.agenda[place].id == id {
        state.agenda.remove(at: place)
      } else {
        state.ready.removeAll { $0.id == id }
      }
    }
  }

  func sleep(untilMonotonic deadline: Int64, on loop: SimulatedLoop?) async throws {
    let end = OneShot<Bool>()
    let action = schedule(atMonotonic: deadline, on: loop) { end.send(true) }
    let hasRested = await withTaskCancellationHandler {
      await end.value()
    } onCancel: {
      end.send(false)
    }
    action.withdraw()
    if !hasRested { throw CancellationError() }
  }

  // MARK: What the machine does to it

  /// Steps the wall clock, as time synchronisation does; the monotonic one does not notice.
  package func stepWall(byNanoseconds nanoseconds: Int64) {
    state.withLock { $0.wall += nanoseconds }
    note("wall stepped by \(nanoseconds)")
  }

  /// Runs for `nanoseconds`, whether or not anything happens in them.
  package func pass(nanoseconds: Int64) {
    let target = now.monotonic + nanoseconds
    run(untilMonotonic: target)
    state.withLock { state in
      let rest = max(0, target - state.monotonic)
      state.monotonic += rest
      state.wall += rest
    }
  }

  /// Adds what happened to the trace.
  package func note(_ line: @autoclosure () -> String) {
    let text = line()
    state.withLock { $0.trace.add(text, at: $0.monotonic) }
  }
}

private final class SimulatedAction: ScheduledAction {
  let id: UInt64
  let deadline: Int64
  let loop: SimulatedLoop?
  let world: SimulatedWorld

  init(id: UInt64, deadline: Int64, loop: SimulatedLoop?, world: SimulatedWorld) {
    self.id = id
    self.deadline = deadline
    self.loop = loop
    self.world = world
  }

  func withdraw() {
    loop?.assertCurrent()
    world.withdraw(id, deadline: deadline)
  }
}
