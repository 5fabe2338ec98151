import SluiceCore
import Synchronization

/// Bounds what retries add to the load of an upstream that is in trouble.
///
/// A pure machine: every first attempt earns a share of a retry, every retry spends a whole one. A
/// small reserve lets a quiet upstream be retried at all. So over any stretch, retries are at most
/// `share` of the first attempts plus the reserve.
package struct RetryBudget: Sendable, Equatable {
  /// In thousandths of a retry.
  private var saved = Bounds.savedRetries * 1_000

  package init() {}

  /// Counts a first attempt.
  package mutating func earn(share: Double) {
    saved = min(saved + Int(share * 1_000), Bounds.savedRetries * 1_000)
  }

  /// Takes a retry, if there is one.
  package mutating func spend() -> Bool {
    guard saved >= 1_000 else { return false }
    saved -= 1_000
    return true
  }
}

/// The retry budgets of the process, one an upstream, across loops and generations.
package final class RetryBudgetTable: Sendable {
  private let budgets = Mutex<[String: RetryBudget]>([:])

  package init() {}

  package func earn(_ upstream: String, share: Double) {
    budgets.withLock { $0[upstream, default: RetryBudget()].earn(share: share) }
  }

  package func spend(_ upstream: String) -> Bool {
    budgets.withLock { $0[upstream, default: RetryBudget()].spend() }
  }
}

/// What the first try of an attempt adds to its upstream's budget of retries.
package struct RetryEarnings: Sendable {
  private let table: RetryBudgetTable
  private let upstream: String
  private let share: Double

  package init(_ table: RetryBudgetTable, upstream: String, share: Double) {
    self.table = table
    self.upstream = upstream
    self.share = share
  }

  func earn() { table.earn(upstream, share: share) }
}
