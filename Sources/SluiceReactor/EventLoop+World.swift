package import SluiceCore

extension EventLoop {
  /// How `World` reaches the timers of the loop.
  ///
  /// On the loop.
  package func schedule(
    atMonotonic deadline: Int64,
    _ action: @escaping @Sendable () -> Void
  ) -> any ScheduledAction {
    WorldTimer(loop: self, timer: schedule(at: deadline, action))
  }
}

/// A timer together with its loop, so that it can be withdrawn through either.
private final class WorldTimer: ScheduledAction {
  private let loop: EventLoop
  private let timer: LoopTimer

  init(loop: EventLoop, timer: LoopTimer) {
    self.loop = loop
    self.timer = timer
  }

  func withdraw() { loop.cancel(timer) }
}
