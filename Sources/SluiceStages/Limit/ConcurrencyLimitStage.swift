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
  private let name: String
  private let key: LimitKey
  private let maximum: Int
  private let tiers: [String: Int]
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
    name = settings.name
    self.key = LimitKey(key, place: settings.place, errors: errors)
    maximum = Self.maximum(settings.measure)
    tiers = settings.tiers.mapValues(Self.maximum)
    self.counters = counters
  }

  private static func maximum(_ measure: LimitSettings.Measure) -> Int {
    guard case .concurrent(let maximum) = measure else {
      preconditionFailure("a limit of exchanges in flight measures those")
    }
    return maximum
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let value = key.value(of: exchange) else { return Exit.refused.index }
    let maximum = tiers[exchange.caller.tier] ?? self.maximum
    guard counters.enter(limit: name, key: value, maximum: maximum) else {
      exchange.refuse(.tooManyConcurrent(limit: name))
      exchange.explain("\(maximum) in flight for \"\(value)\"")
      return Exit.refused.index
    }
    exchange.atEnd(Place(limit: name, key: value, counters: counters))
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
