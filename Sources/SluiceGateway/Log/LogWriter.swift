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
    var flushed: [Occasion] = []
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

  /// Waits until everything that was logged has been written, or until `deadline` on the monotonic
  /// clock of `world`: a reader that takes nothing must not keep the process.
  func flush(until deadline: Int64, in world: EventLoop) async {
    let flushed = Occasion()
    world.execute { _ = world.schedule(at: deadline) { flushed.come() } }
    let isDone = queue.withLock { queue in
      if !queue.isWriting { return true }
      queue.flushed.append(flushed)
      return false
    }
    if !isDone { await flushed.hasCome() }
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
      queue -> ((bytes: [UInt8], lines: Int64)?, [Occasion]) in
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
    for occasion in flushed { occasion.come() }
    return taken
  }
}

/// A log that nobody wants.
struct NoLog: LogSink {
  func write(line: [UInt8]) {}
}
