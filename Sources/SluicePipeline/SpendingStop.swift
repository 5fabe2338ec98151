package import SluiceCore
package import SluicePolicy

/// What stops spending beside budgets: kill switches, of rules and of persons.
///
/// Asked in one place, right before a hold is taken, so that a switch that was thrown stops every
/// attempt that is not dispatched yet. `model.name` and `model.upstream` can be read by then. Any
/// thread may call.
package protocol SpendingStop: Sendable {
  /// What a thrown switch has done with an attempt at `model`; `nil`: none is thrown that applies.
  func verdict(
    for exchange: Exchange,
    model: ModelIndex,
    at moment: Moment
  ) -> KillSwitchSettings.Action?

  /// The switches whose spending the attempt's settlement counts towards.
  func series(for exchange: Exchange, model: ModelIndex) -> [Account]

  /// An attempt was settled that counted towards `series`; rules may be thrown by it.
  func settled(_ series: [Account], at moment: Moment)
}

/// Where nothing stops spending but budgets.
package struct NothingStops: SpendingStop {
  package init() {}
  package func verdict(
    for exchange: Exchange,
    model: ModelIndex,
    at moment: Moment
  ) -> KillSwitchSettings.Action? { nil }
  package func series(for exchange: Exchange, model: ModelIndex) -> [Account] { [] }
  package func settled(_ series: [Account], at moment: Moment) {}
}
