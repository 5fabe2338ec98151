package import SluiceCore
package import SluicePolicy

/// A switch that is on, as the exchange that it stops is told of it.
package struct SpendingStop: Sendable, Equatable {
  /// The name of the rule; `manual` for a person's.
  package var name: String
  package var action: KillSwitchSettings.Action
  package var reason: String
  /// Seconds since 1970; `nil`: until it is cleared or somebody releases it.
  package var until: Int64?

  package init(
    name: String,
    action: KillSwitchSettings.Action,
    reason: String,
    until: Int64? = nil
  ) {
    self.name = name
    self.action = action
    self.reason = reason
    self.until = until
  }

  /// What a client reads behind "Not answered, to stop spending: ".
  package var words: String {
    let end = until.map { "until \(UTCTime.text(ofWall: $0 * 1_000_000_000))" }
    return "the kill switch `\(name)` is on \(end ?? "until it is released") (\(reason))"
  }
}

/// Where an attempt asks whether spending is stopped, and settlements are told.
///
/// One for each graph. Called on the exchange's loop; nothing of it waits.
package protocol SpendingStops: Sendable {
  /// What stops the exchange from spending on `model` now; `nil`: nothing does.
  ///
  /// Asked at every hold. An exchange that is let through is known as running until it ends, so
  /// that a person can cut it.
  func stop(
    of exchange: Exchange,
    at model: ModelIndex,
    _ moment: Moment
  ) -> SpendingStop?

  /// What the claim of an attempt at `model` names as `series`; known only after `stop`.
  func series(of exchange: Exchange, at model: ModelIndex) -> [Account]

  /// Evaluates the rules whose series a settlement counted towards.
  func settled(_ series: [Account], of exchange: Exchange, at moment: Moment)
}

/// Nothing stops spending.
package struct NoSpendingStops: SpendingStops {
  package init() {}
  package func stop(
    of exchange: Exchange,
    at model: ModelIndex,
    _ moment: Moment
  ) -> SpendingStop? { nil }
  package func series(of exchange: Exchange, at model: ModelIndex) -> [Account] { [] }
  package func settled(_ series: [Account], of exchange: Exchange, at moment: Moment) {}
}
