package import SluicePolicy

/// The life of one switch of a rule, for one value of the rule's key.
///
/// A pure machine; times are seconds since 1970, since they outlive the process. It goes on when
/// `when` holds. Without `for` and `clear_when` it is on until a person releases it; with `for`
/// alone, until that has passed; with `clear_when`, until that holds, but not before `for` has passed.
/// When `when` holds again while it is on, `for` begins anew.
package struct KillSwitch: Sendable, Equatable {
  /// How a rule's switches end.
  package struct Rule: Sendable, Equatable {
    package var action: KillSwitchSettings.Action
    /// Seconds; `nil`: the rule names none.
    package var duration: Int64?
    package var waitsToClear: Bool

    package init(action: KillSwitchSettings.Action, duration: Int64?, waitsToClear: Bool) {
      self.action = action
      self.duration = duration
      self.waitsToClear = waitsToClear
    }
  }

  package let since: Int64
  /// Until then it is on in any case; `nil`: its rule names no time.
  package private(set) var until: Int64?
  /// The second in which `clear_when` was last evaluated.
  private var askedAt: Int64?

  /// A switch that goes on at `second`.
  package init(_ rule: Rule, at second: Int64) {
    since = second
    until = rule.duration.map { second + $0 }
  }

  /// A switch that was on before a restart.
  package init(since second: Int64, until: Int64?) {
    since = second
    self.until = until
  }

  /// `when` holds again; says whether it is on for longer now.
  package mutating func extend(_ rule: Rule, at second: Int64) -> Bool {
    guard let duration = rule.duration else { return false }
    let end = second + duration
    guard end > until ?? .min else { return false }
    until = end
    return true
  }

  package func isOn(under rule: Rule, at second: Int64) -> Bool {
    guard let until else { return true }
    return rule.waitsToClear || second < until
  }

  /// Whether `clear_when` is to be evaluated now: its time has come, and it was not in this second.
  package mutating func asksToClear(under rule: Rule, at second: Int64) -> Bool {
    guard rule.waitsToClear, second >= until ?? .min, askedAt != second else { return false }
    askedAt = second
    return true
  }

  /// When it ends by itself, if that is known.
  package func end(under rule: Rule) -> Int64? { rule.waitsToClear ? nil : until }
}
