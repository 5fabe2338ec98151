package import SluiceCore
internal import SluiceDialects
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Admits so many requests of one key in any window of time.
///
/// Holds settings only; what was counted sits in `Counters` under the limit's name, so that a
/// reload goes on counting.
package struct RateLimitStage: Stage {
  package enum Exit: Int, StageExit { case admitted, refused }

  private struct Rule: Sendable {
    var rate: LimitSettings.Rate
    var burst: Int
  }

  package let exits = Exit.names
  private let name: String
  private let place: SourcePlace
  private let key: LimitKey
  private let rule: Rule
  private let tiers: [String: Rule]
  private let counters: any Counters
  private let errors: Counter

  /// Makes the node of a limit that measures requests.
  ///
  /// - Parameters:
  ///   - settings: all its measures, overrides included, are of requests.
  ///   - key: the program of `settings.key`.
  ///   - counters: where the counts are kept.
  ///   - errors: counts keys that had no value.
  package init(
    _ settings: LimitSettings,
    key: Program?,
    counters: any Counters,
    errors: Counter
  ) {
    name = settings.name
    place = settings.place
    self.key = LimitKey(key)
    rule = Self.rule(settings.measure)
    tiers = settings.tiers.mapValues(Self.rule)
    self.counters = counters
    self.errors = errors
  }

  private static func rule(_ measure: LimitSettings.Measure) -> Rule {
    guard case .requests(let rate, let burst) = measure else {
      preconditionFailure("a limit of requests measures requests")
    }
    return Rule(rate: rate, burst: burst)
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let value: String
    do throws(EvaluationError) {
      value = try key.value(in: &exchange.frame)
    } catch {
      errors.increment()
      exchange.refuse(.policyError(place: "\(place)"))
      exchange.explain("the key has no value: \(error)")
      return Exit.refused.index
    }
    let rule = tiers[exchange.caller.tier] ?? self.rule
    let decision = counters.take(
      limit: name,
      key: value,
      rate: rule.rate,
      burst: rule.burst,
      at: moment
    )
    let report = RateReport(
      limit: name,
      windowSeconds: max(1, Self.roundedUp(rule.rate.window.nanoseconds, to: 1_000_000_000)),
      decision: decision
    )
    switch decision.verdict {
    case .admitted:
      // The client is told of the limit that it will meet first.
      if decision.remaining < exchange.rate?.decision.remaining ?? .max { exchange.rate = report }
      exchange.explain("\(decision.remaining) of \(decision.quota) left for \"\(value)\"")
      return Exit.admitted.index
    case .refused(let wait):
      exchange.rate = report
      let seconds = max(1, Self.roundedUp(wait, to: 1_000_000_000))
      exchange.refuse(.rateLimited(limit: name, retryAfterSeconds: seconds))
      exchange.explain("\(decision.quota) used up by \"\(value)\"")
      return Exit.refused.index
    case .tableFull(let wait):
      let seconds = max(1, Self.roundedUp(wait, to: 1_000_000_000))
      exchange.refuse(.overloaded(retryAfterSeconds: seconds))
      exchange.explain("more keys than are counted at a time")
      return Exit.refused.index
    }
  }

  private static func roundedUp(_ value: Int64, to unit: Int64) -> Int64 {
    value <= 0 ? 0 : (value - 1) / unit + 1
  }
}
