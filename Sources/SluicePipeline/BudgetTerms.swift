package import SluiceCore
package import SluicePolicy

/// A budget as the ledger knows it: the names of its accounts, its periods and its limits.
///
/// The one place that names an account, since a name that changes would begin from nothing. An object,
/// so that every hold reads it in place.
package final class BudgetTerms: Sendable {
  package let settings: BudgetSettings
  /// The owner of its accounts.
  package let owner: String
  private let calendar: BudgetCalendar

  /// - Parameter settings: its zone is one of the system's, which the language has checked.
  package init(_ settings: BudgetSettings) {
    self.settings = settings
    owner = Self.prefix + settings.name
    calendar = BudgetCalendar(settings.window, zone: TimeZone.named(settings.zone) ?? .utc)
  }

  private static let prefix = "budget."

  /// The name of the budget that owns accounts as `owner`; `nil` if none does.
  package static func name(ofOwner owner: String) -> String? {
    owner.hasPrefix(prefix) ? String(owner.dropFirst(prefix.count)) : nil
  }

  /// Whether it counts each request for itself, so that the ledger has no account of it.
  package var isPerRequest: Bool { settings.window == .request }

  /// The account of one value of its key; the empty string without a key.
  package func account(of key: String) -> Account { Account(owner: owner, key: key) }

  package func period(at moment: Moment) -> BudgetPeriod { calendar.period(at: moment.wallSeconds) }

  package func limit(ofTier tier: String) -> NanoDollars {
    // Most are the same for all.
    settings.tiers.isEmpty ? settings.limit : settings.tiers[tier] ?? settings.limit
  }
}
