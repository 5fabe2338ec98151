import SluicePipeline
import SluiceReactor

/// Threads apart from the loops, for what stages must not do on one.
struct BlockingWorkers: Workers {
  let executor: BlockingExecutor

  func run<Answer: Sendable>(
    _ work: @escaping @Sendable () -> Answer
  ) async -> Answer? {
    do {
      return try await executor.run(work)
    } catch {
      // Too much waits: the work itself cannot fail.
      return nil
    }
  }

  func start(_ work: @escaping @Sendable () -> Void) {
    _ = executor.startTask { work() }
  }
}
