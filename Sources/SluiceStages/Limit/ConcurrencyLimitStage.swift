package import SluiceCore
internal import SluiceDialects
package import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Admits so many exchanges of one key at a time.
///
/// The place is given back when the exchange ends, whatever ends it.
package struct ConcurrencyLimitStage: Stage {
  package enum Exit: Int, StageExit { case admitted, refused }

  package let exits = Exit.names
  private let rules: LimitRules<Int>
  private let counters: any Counters

  /// Makes the node of a limit that measures exchanges in flight.
  ///
  /// - Parameters:
  ///   - settings: all its measures, overrides included, are of exchanges in flight.
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
      if case .concurrent(let maximum) = measure { maximum } else { nil }
    }
    self.counters = counters
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let value = rules.key(of: exchange) else { return Exit.refused.index }
    let maximum = rules.allowance(of: exchange)
    guard counters.enter(limit: rules.name, key: value, maximum: maximum) else {
      exchange.refuse(.tooManyConcurrent(limit: rules.name))
      exchange.explain("\(maximum) in flight for \"\(value)\"")
      return Exit.refused.index
    }
    exchange.atEnd(Place(limit: rules.name, key: value, counters: counters))
    exchange.explain("a place of \(maximum) for \"\(value)\"")
    return Exit.admitted.index
  }

  private struct Place: Obligation {
    var limit: String
    var key: String
    var counters: any Counters

    func finish(_ exchange: Exchange, at moment: Moment) { counters.leave(limit: limit, key: key) }
  }
}
