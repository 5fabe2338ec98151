import SluicePipeline
import SluiceReactor

/// Threads apart from the loops, for what stages must not do on one.
struct BlockingWorkers: Workers {
  let executor: BlockingExecutor

  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    executor.startTask { work() } != nil
  }
}
