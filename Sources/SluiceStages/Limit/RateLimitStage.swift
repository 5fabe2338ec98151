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

  package let exits = Exit.names
  private let name: String
  private let key: LimitKey
  private let rule: RateRule
  private let tiers: [String: RateRule]
  private let counters: any Counters

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
    self.key = LimitKey(key, place: settings.place, errors: errors)
    rule = Self.rule(settings.measure)
    tiers = settings.tiers.mapValues(Self.rule)
    self.counters = counters
  }

  private static func rule(_ measure: LimitSettings.Measure) -> RateRule {
    guard case .requests(let rate, let burst) = measure else {
      preconditionFailure("a limit of requests measures requests")
    }
    return RateRule(rate: rate, burst: burst)
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let value = key.value(of: exchange) else { return Exit.refused.index }
    let rule = tiers[exchange.caller.tier] ?? self.rule
    let decision = counters.take(
      limit: name,
      key: value,
      rate: rule.rate,
      burst: rule.burst,
      at: moment
    )
    let report = rule.report(decision, of: name, in: .requests)
    switch decision.verdict {
    case .admitted:
      // The client is told of the limit that it will meet first.
      if decision.remaining < exchange.rate?.decision.remaining ?? .max { exchange.rate = report }
      exchange.explain("\(decision.remaining) of \(decision.quota) left for \"\(value)\"")
      return Exit.admitted.index
    case .refused(let wait):
      exchange.rate = report
      exchange.refuse(.rateLimited(limit: name, retryAfterSeconds: max(1, RateRule.seconds(wait))))
      exchange.explain("\(decision.quota) used up by \"\(value)\"")
      return Exit.refused.index
    case .tableFull(let wait):
      exchange.refuse(.overloaded(retryAfterSeconds: max(1, RateRule.seconds(wait))))
      exchange.explain("more keys than are counted at a time")
      return Exit.refused.index
    }
  }
}
