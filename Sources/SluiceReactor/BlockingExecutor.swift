internal import CReactor
internal import SluiceCore
internal import Synchronization

/// A few threads for work that blocks: look-ups of names, files, compiling on reload.
///
/// A task executor: what `run` or `startTask` begins stays on these threads until it ends. Work is
/// refused once `Bounds.blockingQueue` pieces wait. Idle threads sleep.
///
/// Isolation: any thread. Stop it last: what is handed in afterwards never runs.
@safe
package final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isStopping = false
    var threads: [UInt64] = []
  }
  private let queue = Mutex(Queue())
  private let semaphore: UnsafeMutableRawPointer
  private let limit: Int

  /// Starts the threads.
  package init(
    threads count: Int = 2,
    limit: Int = Bounds.blockingQueue
  ) throws(IOFailure) {
    precondition(count > 0, "work needs a thread")
    guard let semaphore = unsafe reactor_semaphore_create() else { throw .overloaded }
    unsafe self.semaphore = unsafe semaphore
    self.limit = limit
    for index in 0..<count {
      var handle: UInt64 = 0
      let retained = unsafe Unmanaged.passRetained(self)
      let result = unsafe reactor_thread_start(
        &handle,
        runBlockingThread,
        retained.toOpaque(),
        "blocking \(index)",
        -1
      )
      guard result >= 0 else {
        unsafe retained.release()
        stop()
        throw IOFailure(negated: Int(result))
      }
      let started = handle
      queue.withLock { $0.threads.append(started) }
    }
  }

  deinit { unsafe reactor_semaphore_destroy(semaphore) }

  /// Finishes what waits and joins the threads, which blocks.
  package func stop() {
    let threads = queue.withLock { queue -> [UInt64] in
      queue.isStopping = true
      defer { queue.threads = [] }
      return queue.threads
    }
    for _ in threads { unsafe reactor_semaphore_post(semaphore) }
    for thread in threads { reactor_thread_join(thread) }
  }

  /// Runs blocking work on one of the threads and waits for it, off the caller's loop.
  ///
  /// - Throws: `IOFailure.overloaded` when too much waits, or what the work throws.
  package func run<Answer: Sendable>(
    _ work: @escaping @Sendable () throws -> Answer
  ) async throws -> Answer {
    guard hasRoom else { throw IOFailure.overloaded }
    return try await Task(executorPreference: self) { try work() }.value
  }

  /// Starts a task whose every part runs on these threads.
  ///
  /// - Returns: `nil` when too much waits.
  package func startTask(_ body: sending @escaping () async -> Void) -> Task<Void, Never>? {
    guard hasRoom else { return nil }
    return Task(executorPreference: self, operation: body)
  }

  private var hasRoom: Bool {
    queue.withLock { !$0.isStopping && $0.jobs.count < limit }
  }

  /// Takes the next part of a task.
  ///
  /// Never refuses: tasks were let in when they started.
  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.jobs.append(job) }
    unsafe reactor_semaphore_post(semaphore)
  }

  fileprivate func work() {
    while true {
      unsafe reactor_semaphore_wait(semaphore)
      let (job, isStopping) = queue.withLock { queue in
        (queue.jobs.isEmpty ? nil : queue.jobs.removeFirst(), queue.isStopping)
      }
      if let job {
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
      } else if isStopping {
        return
      }
    }
  }
}

/// The body of a blocking thread; at top level for the reason of a loop's.
nonisolated private func runBlockingThread(
  _ argument: UnsafeMutableRawPointer?
) -> UnsafeMutableRawPointer? {
  if let argument = unsafe argument {
    unsafe Unmanaged<BlockingExecutor>.fromOpaque(argument).takeRetainedValue().work()
  }
  return nil
}
