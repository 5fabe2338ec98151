import SluiceCore
package import SluicePolicy

/// A kill switch that is on, as the exchange that it stops is told of it.
package struct ThrownSwitch: Sendable, Equatable {
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
