import SluiceCore
import SluiceReactor
import SluiceTelemetry
import Synchronization

/// Writes log lines to a descriptor without ever making who logs wait.
///
/// Lines queue up to `Bounds.logQueueBytes`; a thread of its own writes them. To wake it costs more
/// than to make a line, so the lines of a loop wait a moment for each other
/// (`Bounds.logDelayNanoseconds`, `Bounds.logBatchBytes`). A reader that does not keep up, or is
/// gone, costs whole lines, and they are counted.
final class LogWriter: LogSink {
  private struct Queue {
    var bytes: [UInt8] = []
    var lines: Int64 = 0
    /// Whether the thread is at work.
    var isWriting = false
    /// Whether what has come is to be written now.
    var isDue = false
    /// Whether a timer will say so.
    var isTimed = false
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
    enum Next { case nothing, wait, write }
    let next = queue.withLock { queue -> Next in
      guard queue.bytes.count + line.count <= Bounds.logQueueBytes else {
        dropped.increment()
        return .nothing
      }
      // Room for all that will wait, rather than step by step.
      if queue.bytes.isEmpty { queue.bytes.reserveCapacity(Bounds.logBatchBytes + line.count) }
      queue.bytes += line
      queue.lines += 1
      if queue.bytes.count >= Bounds.logBatchBytes { return queue.isDue ? .nothing : .write }
      guard !queue.isTimed else { return .nothing }
      queue.isTimed = true
      return .wait
    }
    switch next {
    case .nothing: break
    case .write: writeNow()
    case .wait:
      guard let loop = EventLoop.current else { return endWait() }
      // A loop that stops runs its timers, so nothing is left behind.
      _ = loop.schedule(at: loop.turn.monotonic + Bounds.logDelayNanoseconds) { self.endWait() }
    }
  }

  private func endWait() {
    queue.withLock { $0.isTimed = false }
    writeNow()
  }

  /// Has the thread write what has come.
  private func writeNow() {
    let starts = queue.withLock { queue -> Bool in
      guard !queue.bytes.isEmpty || !queue.flushed.isEmpty else { return false }
      queue.isDue = true
      defer { queue.isWriting = true }
      return !queue.isWriting
    }
    // Never refused: one such task exists at a time.
    if starts { _ = executor.startTask { [self] in writeAll() } }
  }

  /// Waits until everything that was logged has been written, or until `deadline` on the monotonic
  /// clock of `world`: a reader that takes nothing must not keep the process.
  func flush(until deadline: Int64, in world: EventLoop) async {
    let flushed = Occasion()
    world.execute { _ = world.schedule(at: deadline) { flushed.come() } }
    queue.withLock { $0.flushed.append(flushed) }
    writeNow()
    await flushed.hasCome()
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
      if queue.isDue, !queue.bytes.isEmpty {
        defer {
          queue.bytes = []
          queue.lines = 0
          queue.isDue = false
        }
        return ((queue.bytes, queue.lines), [])
      }
      queue.isDue = false
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
