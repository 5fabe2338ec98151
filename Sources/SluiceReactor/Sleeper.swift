/// One wait of a task for a time.
///
/// Safe although it is mutable: only its loop's thread touches it, `cancel` apart, which goes there.
final class Sleeper: @unchecked Sendable {
  private let loop: EventLoop
  private var timer: LoopTimer?
  private var sleeper: Waiter<Bool>?
  private var isCancelled = false

  init(on loop: EventLoop) {
    self.loop = loop
  }

  func sleep(until deadline: Int64) async throws {
    loop.assertCurrent()
    if !isCancelled, !loop.isStopping {
      let rested = await Waiter<Bool>
        .wait { waiter in
          sleeper = waiter
          timer = loop.schedule(at: deadline) { self.wake(rested: !self.loop.isStopping) }
        }
      if rested { return }
    }
    throw CancellationError()
  }

  func cancel() {
    if loop.isCurrent {
      cancelHere()
    } else {
      loop.execute { self.cancelHere() }
    }
  }

  private func cancelHere() {
    isCancelled = true
    if let timer { loop.cancel(timer) }
    wake(rested: false)
  }

  private func wake(rested: Bool) {
    timer = nil
    sleeper.take()?.resume(rested)
  }
}
