package import SluiceCore

/// One entry of `budgets`.
package struct BudgetSettings: Sendable {
  package enum Window: String, Sendable, CaseIterable {
    case request, minute, hour, day, week, month
  }

  /// What to try, in order, when a hold does not fit; `deny` is always last and implicit.
  package enum Relief: Sendable, Equatable {
    case clamp
    case reroute(TargetIndex)
    case cacheOnly
    case deny
  }

  package var name: String
  package var window: Window
  /// A zone of the IANA database; UTC unless named.
  package var zone: String
  package var key: Expression?
  package var limit: NanoDollars
  /// Overrides by tier; only with a key.
  package var tiers: [String: NanoDollars]
  package var onExceed: [Relief]
  /// The share of the limit at which to warn, from 0 to 1.
  package var warnAt: Double?
  package var minimumRunway: Duration?
  /// The output clamp is never lowered below this count of tokens.
  package var minimumOutput: Int
  /// What a client is told when its stream is cut at its hold.
  package var notice: String?
  package var place: SourcePlace

  package init(
    name: String,
    window: Window,
    zone: String = "UTC",
    key: Expression? = nil,
    limit: NanoDollars,
    tiers: [String: NanoDollars] = [:],
    onExceed: [Relief] = [],
    warnAt: Double? = nil,
    minimumRunway: Duration? = nil,
    minimumOutput: Int = 16,
    notice: String? = nil,
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.window = window
    self.zone = zone
    self.key = key
    self.limit = limit
    self.tiers = tiers
    self.onExceed = onExceed
    self.warnAt = warnAt
    self.minimumRunway = minimumRunway
    self.minimumOutput = minimumOutput
    self.notice = notice
    self.place = place
  }
}

/// One entry of `kill_switches`: a rule that stops spending.
package struct KillSwitchSettings: Sendable {
  package enum Action: String, Sendable, CaseIterable { case deny, cacheOnly = "cache_only" }

  package var name: String
  /// Evaluated at each settlement.
  package var condition: Expression
  package var action: Action
  package var duration: Duration?
  package var clearCondition: Expression?
  /// Each value has its own switch; `nil`: one for the company.
  package var key: Expression?
  package var place: SourcePlace

  package init(
    name: String,
    condition: Expression,
    action: Action,
    duration: Duration? = nil,
    clearCondition: Expression? = nil,
    key: Expression? = nil,
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.condition = condition
    self.action = action
    self.duration = duration
    self.clearCondition = clearCondition
    self.key = key
    self.place = place
  }
}
