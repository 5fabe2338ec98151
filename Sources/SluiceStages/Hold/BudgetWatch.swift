package import SluiceCore
import SluicePipeline
internal import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// Looks on when money is settled: at what goes beyond holds, and at budgets that run low.
///
/// One for all generations, so that an account warns once a period whatever is reloaded. Safe from
/// any thread.
package final class BudgetWatch: Sendable {
  /// What an operator should know.
  package enum Notice: Sendable, Equatable {
    /// An account has spent the share of its limit at which to warn.
    case runsLow(
      budget: String,
      key: String,
      spent: NanoDollars,
      limit: NanoDollars,
      periodEnd: Int64
    )
    /// An attempt cost more than was held for it.
    case overrun(model: String, held: NanoDollars, excess: NanoDollars)
  }

  private let metrics: MetricsRegistry
  private let tell: @Sendable (Notice) -> Void
  /// When the period ends in which an account has warned; seconds since 1970.
  private let warned = Mutex<[Account: Int64]>([:])

  /// - Parameters:
  ///   - metrics: get what budgets without a key have spent.
  ///   - tell: gets each notice once, and counts it.
  package init(
    metrics: MetricsRegistry = MetricsRegistry(),
    tell: @escaping @Sendable (Notice) -> Void = { _ in }
  ) {
    self.metrics = metrics
    self.tell = tell
  }

  func overran(_ model: String, held: NanoDollars, by excess: NanoDollars) {
    tell(.overrun(model: model, held: held, excess: excess))
  }

  /// Looks at an account of `line` after a settlement.
  func look(at charge: Charge, of line: BudgetLine, in ledger: any Ledger, at moment: Moment) {
    let isShown = line.settings.key == nil
    let warnAt = line.settings.warnAt
    guard isShown || warnAt != nil else { return }
    let spent = ledger.balance(of: charge.account, in: charge.period).spent
    // One series a budget: those of a key would be as many as there are users.
    if isShown { line.show(spent: spent, in: metrics) }
    guard let share = warnAt, Self.reaches(spent, share, of: charge.limit) else {
      return
    }
    let isFirst = warned.withLock { warned in
      if warned[charge.account].map({ $0 >= charge.period.end }) ?? false { return false }
      if warned.count >= Bounds.warnedAccounts {
        warned = warned.filter { $0.value > moment.wallSeconds }
        // Rather a warning too many than a table that grows.
        if warned.count >= Bounds.warnedAccounts { warned = [:] }
      }
      warned[charge.account] = charge.period.end
      return true
    }
    guard isFirst else { return }
    tell(
      .runsLow(
        budget: line.settings.name,
        key: charge.account.key,
        spent: spent,
        limit: charge.limit,
        periodEnd: charge.period.end
      )
    )
  }

  private static func reaches(
    _ spent: NanoDollars,
    _ share: Double,
    of limit: NanoDollars
  ) -> Bool {
    Double(spent.count) >= Double(limit.count) * share
  }
}
