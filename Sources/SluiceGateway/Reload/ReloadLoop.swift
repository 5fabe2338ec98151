import SluiceCore
import SluiceReactor
import SluiceTelemetry
import Synchronization

/// Carries out what is asked of the policy: by the disk, a signal, or an operator.
///
/// Life of a reload: a trigger → `ReloadQueue` says when its turn is → `PolicyInstaller` reads,
/// compiles and publishes on a thread that serves nobody → the log, the metrics and whoever waits
/// are told the same report. A policy that is wrong changes nothing.
final class ReloadLoop: Sendable {
  private let installer: PolicyInstaller
  private let machine: Machine
  private let queue = Mutex(
    ReloadQueue<CheckedContinuation<PolicyReport?, Never>>(bound: Bounds.pendingOrders)
  )

  init(_ installer: PolicyInstaller, on machine: Machine) {
    self.installer = installer
    self.machine = machine
  }

  /// Asks for a reload without waiting for it.
  func trigger(_ cause: PolicyOrder.Cause) {
    // Refused when roll-backs alone fill the queue, or when everything ends.
    if give(.reload(cause, isForced: false), nil) == .refused {
      machine.tell(Warned("reload_refused", "no order is taken now; the files were not read"))
    }
  }

  /// Has an order carried out, and waits for its end; `nil` when no more are taken.
  func carryOut(_ order: PolicyOrder) async -> PolicyReport? {
    await withCheckedContinuation { continuation in
      if give(order, continuation) == .refused { continuation.resume(returning: nil) }
    }
  }

  /// Takes no more orders, and waits for the one that is being carried out.
  func close() async {
    _ = await withCheckedContinuation { (end: CheckedContinuation<PolicyReport?, Never>) in
      let (dropped, isRunning) = queue.withLock { $0.close(for: end) }
      for waiter in dropped { waiter.resume(returning: nil) }
      if !isRunning { end.resume(returning: nil) }
    }
  }

  private func give(
    _ order: PolicyOrder,
    _ waiter: CheckedContinuation<PolicyReport?, Never>?
  ) -> ReloadQueue<CheckedContinuation<PolicyReport?, Never>>.Offer {
    let offer = queue.withLock { $0.offer(order, for: waiter) }
    if offer == .begin {
      // Never refused: one such task exists at a time.
      _ = machine.reloading.startTask { [self] in work() }
    }
    return offer
  }

  private func work() {
    while let order = queue.withLock({ $0.next() }) {
      let report = carriedOut(order)
      for waiter in queue.withLock({ $0.finish() }) { waiter.resume(returning: report) }
    }
  }

  private func carriedOut(_ order: PolicyOrder) -> PolicyReport {
    switch order {
    case .reload(let cause, let isForced):
      let report = installer.load(cause: cause, isForced: isForced)
      // The start has its own line.
      if cause != .start { machine.tell(report.event) }
      return report
    case .rollBack:
      // An operator who goes too far back is told; that is no news of the policy.
      let isNews = installer.state.hasPrevious
      let report = installer.rollBack()
      if isNews { machine.tell(report.event) }
      return report
    }
  }
}
