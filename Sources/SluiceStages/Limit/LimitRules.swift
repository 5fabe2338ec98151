import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceTelemetry

/// What a node of a limit goes by: whose count it is, and what each tier is allowed.
struct LimitRules<Allowance: Sendable>: Sendable {
  let name: String
  private let key: LimitKey
  private let allowance: Allowance
  private let tiers: [String: Allowance]

  /// - Parameters:
  ///   - settings: of the limit.
  ///   - key: the program of `settings.key`.
  ///   - errors: counts keys that had no value.
  ///   - read: what a measure allows; `nil` for one of another kind, which is an error of whoever
  ///     made the node.
  init(
    _ settings: LimitSettings,
    key: Program?,
    errors: Counter,
    read: (LimitSettings.Measure) -> Allowance?
  ) {
    func allowance(_ measure: LimitSettings.Measure) -> Allowance {
      guard let allowance = read(measure) else {
        preconditionFailure("limit \(settings.name) measures something else")
      }
      return allowance
    }
    name = settings.name
    self.key = LimitKey(key, place: settings.place, errors: errors)
    self.allowance = allowance(settings.measure)
    tiers = settings.tiers.mapValues(allowance)
  }

  /// The value of its key; `nil` if it has none, and then the exchange is refused.
  func key(of exchange: Exchange) -> String? { key.value(of: exchange) }

  func allowance(of exchange: Exchange) -> Allowance {
    // Most limits are the same for all.
    tiers.isEmpty ? allowance : tiers[exchange.caller.tier] ?? allowance
  }
}
