import SluiceCore
import SluiceExpressions
import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// One budget, made to run.
package struct BudgetLine: Sendable {
  /// What was done with a hold that did not fit.
  package enum Step: String, Sendable, CaseIterable {
    case clamp, reroute, cacheOnly = "cache_only", deny
  }

  let terms: BudgetTerms
  let key: LimitKey
  private let steps: [Step: Counter]

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

  func count(_ step: Step) { steps[step]?.increment() }

  /// Why a request is not answered, for its client: what of this budget, and when it renews.
  func refusal(limit: NanoDollars, at moment: Moment) -> String {
    let name = settings.name
    guard !isPerRequest else {
      return "this request may cost more than the $\(limit) that the budget `\(name)` allows one; "
        + "shorten it, or lower `max_tokens`"
    }
    let end = UTCTime.text(ofWall: terms.period(at: moment).end * 1_000_000_000)
    return "what is left of the budget `\(name)` does not cover this request; it renews at \(end)"
  }
}
