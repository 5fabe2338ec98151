package import SluiceCore
internal import SluiceDialects
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Admits so many tokens of one key in any window of time.
///
/// Stands between the cache and the candidates, so that only who will ask an upstream is counted.
/// What an answer takes is known at its end: the input and the most that the primary could answer
/// are reserved, and settled when the exchange ends, whatever ends it.
package struct TokenLimitStage: Stage {
  package enum Exit: Int, StageExit { case admitted, refused }

  package let exits = Exit.names
  private let rules: LimitRules<RateRule>
  private let counters: any Counters

  /// Makes the node of a limit that measures tokens.
  ///
  /// - Parameters:
  ///   - settings: all its measures, overrides included, are of tokens.
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
      if case .tokens(let rate, let burst) = measure {
        RateRule(rate: rate, burst: burst, of: settings.name, in: .tokens)
      } else {
        nil
      }
    }
    self.counters = counters
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let value = rules.key(of: exchange) else { return Exit.refused.index }
    let rule = rules.allowance(of: exchange)
    guard let amount = amount(of: exchange, within: rule.quota) else { return Exit.refused.index }
    let (decision, reservation) = counters.reserve(
      amount,
      limit: rules.name,
      key: value,
      rate: rule.rate,
      burst: rule.burst,
      at: moment
    )
    if let reservation {
      exchange.atEnd(
        ReservedTokens(
          limit: rules.name,
          key: value,
          rule: rule,
          reservation: reservation,
          counters: counters
        )
      )
    }
    let report = rule.report(decision)
    switch decision.verdict {
    case .admitted:
      // The client is told of the limit that it will meet first.
      if decision.remaining < exchange.tokenRate?.decision.remaining ?? .max {
        exchange.tokenRate = report
      }
      exchange.explain(
        "\(amount) reserved, \(decision.remaining) of \(decision.quota) left for \"\(value)\""
      )
      return Exit.admitted.index
    case .refused(let wait):
      exchange.tokenRate = report
      exchange.refuse(
        .tokenRateLimited(limit: rules.name, retryAfterSeconds: max(1, RateRule.seconds(wait)))
      )
      exchange.explain("\(amount) do not fit: \(decision.remaining) left for \"\(value)\"")
      return Exit.refused.index
    case .tableFull(let wait):
      exchange.refuse(.overloaded(retryAfterSeconds: max(1, RateRule.seconds(wait))))
      exchange.explain("more keys than are counted at a time")
      return Exit.refused.index
    }
  }

  /// What the exchange may take: its input, and all its answers at their longest.
  ///
  /// `nil` if that is more than ever fits, and then the exchange is refused. A prompt is not counted
  /// any further than that takes.
  private func amount(of exchange: Exchange, within quota: Int) -> Int? {
    guard let asked = exchange.facts.asked, let primary = exchange.primary,
      let input = exchange.promptTokens(upTo: quota + 1)
    else { preconditionFailure("a request is read, routed and counted before it is limited") }
    guard input <= quota else { return refuse(exchange, quota, isInput: true) }
    let clamp = OutputClamp(
      of: asked,
      at: exchange.generation.policy.models[primary.position],
      input: input
    )
    let output = clamp.tokens(ofAnswers: asked.n)
    guard output <= quota - input else { return refuse(exchange, quota, isInput: false) }
    return input + output
  }

  private func refuse(_ exchange: Exchange, _ quota: Int, isInput: Bool) -> Int? {
    exchange.refuse(.beyondTokenLimit(limit: rules.name, quota: quota, isInput: isInput))
    exchange.explain("more than the \(quota) that ever fit")
    return nil
  }
}

/// What one exchange has of a limit until it is known what it used.
private struct ReservedTokens: Obligation {
  let limit: String
  let key: String
  let rule: RateRule
  let reservation: Reservation
  let counters: any Counters

  func finish(_ exchange: Exchange, at moment: Moment) {
    counters.settle(
      reservation,
      used: exchange.usedTokens(ofReserved: reservation.amount),
      limit: limit,
      key: key,
      rate: rule.rate,
      burst: rule.burst,
      at: moment
    )
  }
}

extension Exchange {
  /// The tokens that all attempts took, as far as they are counted.
  ///
  /// What was reserved stands where an answer was not counted, and is the least where an attempt was
  /// lost that may have taken tokens.
  fileprivate func usedTokens(ofReserved amount: Int) -> Int {
    let counted = bookings.reduce(0) { sum, booking in
      sum + min(booking.usage.prompt, Bounds.exchangeTokens)
        + min(booking.usage.completion, Bounds.exchangeTokens)
    }
    if hasLostAttempt { return max(amount, counted) }
    return hasAnswer && bookings.isEmpty ? amount : counted
  }
}
