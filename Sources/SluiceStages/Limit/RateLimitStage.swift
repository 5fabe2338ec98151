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
  private let rules: LimitRules<RateRule>
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
    rules = LimitRules(settings, key: key, errors: errors) { measure in
      if case .requests(let rate, let burst) = measure {
        RateRule(rate: rate, burst: burst, of: settings.name, in: .requests)
      } else {
        nil
      }
    }
    self.counters = counters
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let value = rules.key(of: exchange) else { return Exit.refused.index }
    let rule = rules.allowance(of: exchange)
    let decision = counters.take(
      limit: rules.name,
      key: value,
      rate: rule.rate,
      burst: rule.burst,
      at: moment
    )
    let report = rule.report(decision)
    switch decision.verdict {
    case .admitted:
      // The client is told of the limit that it will meet first.
      if decision.remaining < exchange.rate?.decision.remaining ?? .max { exchange.rate = report }
      exchange.explain("\(decision.remaining) of \(decision.quota) left for \"\(value)\"")
      return Exit.admitted.index
    case .refused(let wait):
      exchange.rate = report
      exchange.refuse(
        .rateLimited(limit: rules.name, retryAfterSeconds: max(1, RateRule.seconds(wait)))
      )
      exchange.explain("\(decision.quota) used up by \"\(value)\"")
      return Exit.refused.index
    case .tableFull(let wait):
      exchange.refuse(.overloaded(retryAfterSeconds: max(1, RateRule.seconds(wait))))
      exchange.explain("more keys than are counted at a time")
      return Exit.refused.index
    }
  }
}
