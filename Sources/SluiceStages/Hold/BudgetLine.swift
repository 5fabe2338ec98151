import SluiceCore
import SluiceExpressions
import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// One budget, made to run.
///
/// An object, since every hold and every settlement looks at each of them.
package final class BudgetLine: Sendable {
  /// What was done with a hold that did not fit.
  package enum Step: String, Sendable, CaseIterable {
    case clamp, reroute, cacheOnly = "cache_only", deny
  }

  let terms: BudgetTerms
  private let key: LimitKey
  private let steps: [Step: Counter]
  /// The period that was asked for last: a calendar is long to ask, and says the same for hours.
  private let period = Mutex(BudgetPeriod(start: 0, end: 0))
  /// What is spent, once something was.
  private let spent = Mutex<Gauge?>(nil)

  /// Makes the line.
  ///
  /// - Parameters:
  ///   - settings: of the budget; its zone is one of the system's.
  ///   - metrics: count what is done when it does not fit.
  package init(_ settings: BudgetSettings, metrics: MetricsRegistry) {
    terms = BudgetTerms(settings)
    key = LimitKey(
      settings.key?.checked.program(),
      place: settings.place,
      errors: metrics.expressionErrors["budget \(settings.name)"]
    )
    steps = Dictionary(
      uniqueKeysWithValues: Step.allCases.map {
        ($0, metrics.budgetExceeded[settings.name, $0.rawValue])
      }
    )
  }

  var settings: BudgetSettings { terms.settings }
  var isPerRequest: Bool { terms.isPerRequest }

  /// The account that an exchange must fit into; `nil` if the key has no value, and then the
  /// exchange is refused.
  func charge(of exchange: Exchange, at moment: Moment) -> Charge? {
    guard let key = key.value(of: exchange) else { return nil }
    return Charge(
      account: terms.account(of: key),
      period: period(at: moment),
      limit: terms.limit(ofTier: exchange.caller.tier)
    )
  }

  /// The period of a moment.
  private func period(at moment: Moment) -> BudgetPeriod {
    let second = moment.wallSeconds
    return period.withLock { period in
      if period.start > second || second >= period.end { period = terms.period(at: moment) }
      return period
    }
  }

  /// Shows what is spent.
  func show(spent amount: NanoDollars, in metrics: MetricsRegistry) {
    let gauge = spent.withLock { spent in
      let gauge = spent ?? metrics.budgetSpent[settings.name]
      spent = gauge
      return gauge
    }
    gauge.set(amount.count)
  }

  func count(_ step: Step) { steps[step]?.increment() }

  /// Why a request is not answered, for its client: what of this budget, and when it renews.
  func refusal(limit: NanoDollars, at moment: Moment) -> String {
    let name = settings.name
    guard !isPerRequest else {
      return "this request may cost more than the $\(limit) that the budget `\(name)` allows one; "
        + "shorten it, or lower `max_tokens`"
    }
    let end = UTCTime.text(ofWall: period(at: moment).end * 1_000_000_000)
    return "what is left of the budget `\(name)` does not cover this request; it renews at \(end)"
  }
}
