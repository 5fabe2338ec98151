internal import CReactor
package import SluiceCore
internal import Synchronization

/// One thread that polls descriptors, keeps timers and runs the tasks that are pinned to it.
///
/// A turn: poll · events · due timers · jobs · what was left for the end of the turn, and the jobs
/// that it released; each bounded by `Bounds`, so that nobody starves.
/// While there is nothing to do the thread sleeps in the kernel; nothing wakes it periodically.
///
/// As a task executor it runs the tasks that `startTask` begins, as a serial executor the actors
/// that name it. A task that was not started on it falls to the global pool, at 4.5 times the cost
/// of a request: on the data plane, start every task here.
///
/// Isolation: `execute`, `enqueue`, `startTask`, `now`, `random`, `stop` and `isCurrent` may be called
/// from anywhere; everything else on the loop only, which is asserted. That is what makes the class
/// `@unchecked Sendable`: what is not behind the lock belongs to the thread.
@safe
package final class EventLoop: SerialExecutor, TaskExecutor, World, @unchecked Sendable {
  /// Its place in its group.
  package let index: Int

  private enum Work {
    case job(UnownedJob)
    case action(@Sendable () -> Void)
  }
  private struct Inbox {
    var work: [Work] = []
    var isStopping = false
    var hasEnded = false
  }
  private enum Phase { case idle, running, stopping, ended }

  private let poller: Int32
  private let doorbell: Int32
  private let inbox = Mutex(Inbox())
  private let thread = Mutex<UInt64?>(nil)

  // From here on: the loop's thread only.
  private var phase = Phase.idle
  private var work: [Work] = []
  private var workDone = 0
  private var nextTurnWork: [Work] = []
  private var endings: [@Sendable () -> Void] = []
  private var timers = TimerHeap()
  private var sources = SourceTable()
  private var generator: FastGenerator
  private let events: UnsafeMutablePointer<reactor_event>

  /// Where every read of this loop lands before its bytes are appended to the reader's buffer.
  ///
  /// One for the loop, since a read never waits: an idle connection then holds no buffer.
  let scratch: UnsafeMutableRawPointer

  /// When this turn's poll returned; what deadlines are compared with.
  package private(set) var turn: Moment
  /// Counts turns, so that a stream can tell how much it did in this one.
  private(set) var turnNumber: UInt64 = 0
  /// Accepted connections that are open on this loop.
  package internal(set) var acceptedStreams = 0

  /// Creates a loop that does not run yet.
  ///
  /// - Throws: `IOFailure` when the process has no descriptor left.
  package init(index: Int = 0) throws(IOFailure) {
    self.index = index
    poller = try checked(reactor_poller())
    do {
      doorbell = try checked(reactor_doorbell())
      // Edge-triggered and never read: every ring is a change, and no read is needed to reset it.
      _ = try checked(
        reactor_watch(
          poller,
          doorbell,
          Readiness([.read, .edge]).rawValue,
          Self.doorbellToken
        )
      )
    } catch {
      reactor_close(poller)
      throw error
    }
    unsafe events = .allocate(capacity: Bounds.eventsPerPoll)
    unsafe scratch = .allocate(byteCount: Bounds.readBytes, alignment: 16)
    var seed = SystemRandomNumberGenerator()
    generator = FastGenerator(seed: (seed.next(), seed.next()))
    turn = Moment(monotonic: reactor_monotonic(), wall: reactor_wall())
  }

  deinit {
    unsafe events.deallocate()
    unsafe scratch.deallocate()
    reactor_close(doorbell)
    reactor_close(poller)
  }

  // MARK: Running

  /// Starts the loop's thread.
  ///
  /// - Parameter core: the only core that the thread may run on; any if `nil`.
  /// - Throws: `IOFailure` when the machine has no thread left.
  package func start(core: Int? = nil) throws(IOFailure) {
    var handle: UInt64 = 0
    let retained = unsafe Unmanaged.passRetained(self)
    let result = unsafe reactor_thread_start(
      &handle,
      runLoop,
      retained.toOpaque(),
      "loop \(index)",
      Int32(core ?? -1)
    )
    guard result >= 0 else {
      unsafe retained.release()
      throw IOFailure(negated: Int(result))
    }
    let started = handle
    thread.withLock { $0 = started }
  }

  /// Asks the loop to end: its descriptors are closed, what waits on it fails, its thread returns.
  ///
  /// A task that waits for something else, such as a look-up, is not resumed any more.
  package func stop() {
    inbox.withLock { $0.isStopping = true }
    reactor_ring(doorbell)
  }

  /// Waits for the thread to end, which blocks: never call it on a loop.
  package func join() {
    precondition(!isCurrent, "a loop cannot wait for itself")
    let handle = thread.withLock { handle -> UInt64? in
      defer { handle = nil }
      return handle
    }
    if let handle { reactor_thread_join(handle) }
  }

  /// The loop that this thread runs.
  package static var current: EventLoop? {
    guard let pointer = unsafe reactor_current() else { return nil }
    return unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether this thread runs this loop.
  package var isCurrent: Bool {
    unsafe reactor_current() == Unmanaged.passUnretained(self).toOpaque()
  }

  func assertCurrent() {
    assert(isCurrent, "called off its loop")
  }

  fileprivate func run() {
    unsafe reactor_set_current(Unmanaged.passUnretained(self).toOpaque())
    phase = .running
    while phase != .ended { takeTurn() }
    reactor_set_current(nil)
  }

  private func takeTurn() {
    poll()
    runTimers()
    runWork()
    for _ in 0..<Bounds.endingsPerTurn where !endings.isEmpty { runEndings() }
    if phase == .stopping, work.isEmpty, nextTurnWork.isEmpty, endings.isEmpty { end() }
  }

  /// Does what was left for the end of the turn, and the work that this releases.
  private func runEndings() {
    let due = endings
    endings = []
    for action in due { action() }
    runWork()
  }

  private func poll() {
    let count = unsafe reactor_poll(poller, events, Int32(Bounds.eventsPerPoll), patience())
    precondition(count >= 0, "the poller is valid as long as the loop")
    turn = Moment(monotonic: reactor_monotonic(), wall: reactor_wall())
    turnNumber &+= 1
    work.append(contentsOf: nextTurnWork)
    nextTurnWork.removeAll(keepingCapacity: true)
    for index in 0..<Int(count) {
      let event = unsafe events[index]
      if event.token == Self.doorbellToken {
        takeInbox()
      } else {
        sources[Registration(token: event.token)]?
          .becameReady(Readiness(rawValue: event.readiness))
      }
    }
  }

  /// Nanoseconds to wait for an event: none while work is left, for ever (-1) without a timer.
  private func patience() -> Int64 {
    guard work.isEmpty, nextTurnWork.isEmpty, endings.isEmpty, phase == .running
    else { return 0 }
    guard let earliest = timers.earliest else { return -1 }
    // The clock is read again: this turn's jobs may have taken their time.
    return max(0, earliest - reactor_monotonic())
  }

  private func takeInbox() {
    let stops = inbox.withLock { inbox -> Bool in
      work.append(contentsOf: inbox.work)
      inbox.work.removeAll(keepingCapacity: inbox.work.capacity <= Bounds.jobsPerTurn)
      return inbox.isStopping
    }
    if stops, phase == .running { beginStopping() }
  }

  private func runTimers() {
    for _ in 0..<Bounds.timersPerTurn {
      guard let action = timers.takeDue(at: turn.monotonic) else { return }
      action()
    }
  }

  private func runWork() {
    for _ in 0..<Bounds.jobsPerTurn {
      guard workDone < work.count else { break }
      let next = work[workDone]
      workDone += 1
      switch next {
      case .job(let job):
        // As the task executor only. Naming the loop as the serial executor too would make every
        // return to a nonisolated function a switch, and three jobs of each wait (counted);
        // actors of this loop are recognised by `checkIsolated`.
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      case .action(let action): action()
      }
    }
    if workDone == work.count {
      work.removeAll(keepingCapacity: work.capacity <= 4 * Bounds.jobsPerTurn)
    } else {
      work.removeFirst(workDone)
    }
    workDone = 0
  }

  private func beginStopping() {
    phase = .stopping
    for source in sources.all { source.loopStops() }
    for _ in 0..<timers.count { timers.takeDue(at: .max)?() }
  }

  /// Ends unless something was opened, scheduled or handed in meanwhile.
  private func end() {
    guard sources.count == 0, timers.count == 0 else { return beginStopping() }
    work = inbox.withLock { inbox in
      inbox.hasEnded = inbox.work.isEmpty
      defer { inbox.work = [] }
      return inbox.work
    }
    if work.isEmpty { phase = .ended }
  }

  private static let doorbellToken = UInt64.max

  // MARK: Handing in work

  /// Runs a task's next part on this loop.
  package func enqueue(_ job: consuming ExecutorJob) {
    submit(.job(UnownedJob(job)))
  }

  /// Runs an action on this loop, after what is queued.
  ///
  /// What is handed in after the loop ended is dropped.
  package func execute(_ action: @escaping @Sendable () -> Void) {
    submit(.action(action))
  }

  private func submit(_ item: Work) {
    if isCurrent {
      work.append(item)
      return
    }
    let rings = inbox.withLock { inbox -> Bool in
      guard !inbox.hasEnded else { return false }
      inbox.work.append(item)
      return inbox.work.count == 1
    }
    if rings { reactor_ring(doorbell) }
  }

  /// Starts a task whose every part runs on this loop.
  @discardableResult
  package func startTask(
    _ body: sending @escaping () async -> Void
  ) -> Task<Void, Never> {
    Task(executorPreference: self, operation: body)
  }

  package func startWork(_ work: @escaping @Sendable () async -> Void) { startTask(work) }

  /// Lets the others of this loop have a turn.
  package func yield() async {
    assertCurrent()
    await Waiter<Void>.wait { waiter in nextTurnWork.append(.action { waiter.resume(()) }) }
  }

  /// Traps unless called on this loop.
  package func checkIsolated() {
    precondition(isCurrent, "called off its loop")
  }

  package func isIsolatingCurrentContext() -> Bool? { isCurrent }

  // MARK: Timers

  /// Runs `action` on this loop when the monotonic clock has reached `deadline`, in nanoseconds.
  ///
  /// When the loop stops, every timer runs, due or not. An action that schedules the next one asks
  /// `isStopping` first, or the loop never ends.
  package func schedule(at deadline: Int64, _ action: @escaping () -> Void) -> LoopTimer {
    assertCurrent()
    return timers.add(at: deadline, action)
  }

  /// Cancels a timer; nothing happens if it ran.
  package func cancel(_ timer: LoopTimer) {
    assertCurrent()
    timers.cancel(timer)
  }

  /// Whether the loop is on its way to its end.
  package var isStopping: Bool { phase == .stopping || phase == .ended }

  /// How many timers may still run.
  package var timerCount: Int { timers.count }

  // MARK: World

  /// The time now, read from both clocks (two vDSO calls, some 50 ns).
  ///
  /// Not this turn's time, which is `turn`: an exchange answered from memory begins and ends in one
  /// turn, and its overhead must not measure as zero.
  package var now: Moment { Moment(monotonic: reactor_monotonic(), wall: reactor_wall()) }

  package var monotonic: Int64 { reactor_monotonic() }

  package func random() -> UInt64 {
    guard isCurrent else {
      var system = SystemRandomNumberGenerator()
      return system.next()
    }
    return generator.next()
  }

  package func atEndOfTurn(_ action: @escaping @Sendable () -> Void) {
    assertCurrent()
    endings.append(action)
  }

  package func sleep(untilMonotonic deadline: Int64) async throws {
    let sleeper = Sleeper(on: self)
    try await withTaskCancellationHandler {
      try await sleeper.sleep(until: deadline)
    } onCancel: {
      sleeper.cancel()
    }
  }

  // MARK: Descriptors

  func add(
    _ source: any EventSource,
    descriptor: Int32,
    interest: Readiness
  ) throws(IOFailure) -> Registration {
    assertCurrent()
    let registration = sources.add(source, descriptor: descriptor)
    let result = reactor_watch(poller, descriptor, interest.rawValue, registration.token)
    guard result >= 0 else {
      sources.remove(registration)
      throw IOFailure(negated: Int(result))
    }
    return registration
  }

  /// Changes what is asked of a descriptor; also tells again of what is the case.
  func change(_ registration: Registration, interest: Readiness) {
    assertCurrent()
    let result = reactor_rewatch(
      poller,
      registration.descriptor,
      interest.rawValue,
      registration.token
    )
    assert(result >= 0, "only what is registered changes")
  }

  /// Takes a descriptor out of the poller and leaves it open.
  func forget(_ registration: Registration) {
    assertCurrent()
    sources.remove(registration)
    _ = reactor_unwatch(poller, registration.descriptor)
  }

  /// Forgets a descriptor and closes it, which takes it out of the poller.
  func close(_ registration: Registration) {
    assertCurrent()
    sources.remove(registration)
    reactor_close(registration.descriptor)
  }
}

/// The body of a loop's thread.
///
/// At top level and nonisolated: as a closure it could inherit the isolation of where it is
/// written, and trap on the new thread.
nonisolated private func runLoop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument = unsafe argument {
    unsafe Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
  }
  return nil
}
