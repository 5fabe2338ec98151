import SluiceCore
import SluiceReactor
import SluiceTelemetry
import Synchronization

/// Writes log lines to a descriptor without ever making who logs wait.
///
/// Lines queue up to `Bounds.logQueueBytes`; a thread of its own writes them, as many at once as
/// have come. A reader that does not keep up, or is gone, costs whole lines, and they are counted.
final class LogWriter: LogSink {
  private struct Queue {
    var bytes: [UInt8] = []
    var lines: Int64 = 0
    var isWriting = false
    var flushed: [CheckedContinuation<Void, Never>] = []
  }
  private let queue = Mutex(Queue())
  private let descriptor: Int32
  private let executor: BlockingExecutor
  private let dropped: Counter

  init(descriptor: Int32 = 1, dropped: Counter) throws(IOFailure) {
    self.descriptor = descriptor
    self.dropped = dropped
    executor = try BlockingExecutor(threads: 1)
  }

  func write(line: [UInt8]) {
    let wakes = queue.withLock { queue -> Bool in
      guard queue.bytes.count + line.count <= Bounds.logQueueBytes else {
        dropped.increment()
        return false
      }
      queue.bytes += line
      queue.lines += 1
      defer { queue.isWriting = true }
      return !queue.isWriting
    }
    guard wakes else { return }
    // Never refused: one such task exists at a time.
    _ = executor.startTask { [self] in writeAll() }
  }

  /// Waits until everything that was logged has been written.
  func flush() async {
    await withCheckedContinuation { continuation in
      let isDone = queue.withLock { queue in
        if !queue.isWriting { return true }
        queue.flushed.append(continuation)
        return false
      }
      if isDone { continuation.resume() }
    }
  }

  private func writeAll() {
    while let (bytes, lines) = take() {
      do throws(IOFailure) {
        try Files.write(bytes, to: descriptor)
      } catch {
        // Nobody reads: the counter is all that can still say so.
        dropped.increment(by: lines)
      }
    }
  }

  private func take() -> (bytes: [UInt8], lines: Int64)? {
    let (taken, flushed) = queue.withLock {
      queue -> ((bytes: [UInt8], lines: Int64)?, [CheckedContinuation<Void, Never>]) in
      guard queue.bytes.isEmpty else {
        defer {
          queue.bytes = []
          queue.lines = 0
        }
        return ((queue.bytes, queue.lines), [])
      }
      queue.isWriting = false
      defer { queue.flushed = [] }
      return (nil, queue.flushed)
    }
    for continuation in flushed { continuation.resume() }
    return taken
  }
}

/// A log that nobody wants.
struct NoLog: LogSink {
  func write(line: [UInt8]) {}
}
