package import SluiceCore
package import SluiceDialects
package import SluicePolicy

/// The durable record of money: what is spent, what is held, and what stops both.
///
/// Decisions are made in memory, each atomic over all the accounts that it names; records follow
/// them to the journal, and no attempt is dispatched before the record of its hold is written
/// (`recorded`). Any thread may call; only `recorded` waits.
package protocol Ledger: Sendable {
  /// Holds the claim's amount on each of its accounts, or on none.
  ///
  /// A hold that is granted is settled once. Without charges it always fits.
  func hold(_ claim: Claim, at moment: Moment) -> HoldDecision

  /// Waits until the record of `hold` is as durable as the ledger promises.
  ///
  /// Runs on the exchange's loop and returns there, at the latest at the end of its turn with
  /// `durability: process`. When it throws, the hold has been given back and needs no settlement.
  func recorded(_ hold: HoldID, in world: any World) async throws(LedgerFailure)

  /// Books what the attempt behind `hold` cost and gives back the rest.
  ///
  /// - Returns: what went beyond the hold; zero but for an upstream that ignored its clamp.
  func settle(_ hold: HoldID, _ settlement: Settlement, at moment: Moment) -> NanoDollars

  /// What is spent and held on an account in a period; zeros if nothing was.
  func balance(of account: Account, in period: BudgetPeriod) -> Balance

  /// What settled on `series` within the last `window` nanoseconds.
  ///
  /// Never less than the truth; more only by what settled within a sixtieth of the window before.
  func spending(on series: Account, within window: Int64, at moment: Moment) -> NanoDollars

  /// Writes a change of a switch, so that it survives a restart.
  ///
  /// A failure to write is told by the ledger itself; the change holds in memory all the same.
  func record(_ change: SwitchChange, at moment: Moment)

  /// Whether records can be written; what `on_ledger_failure` asks.
  var isWritable: Bool { get }
}

/// The name of a sum of money: of a budget, or of a switch's spending, for one value of its key.
///
/// Stable over reloads and restarts.
package struct Account: Hashable, Sendable {
  /// `budget.user-day`, `switch.runaway`.
  package var owner: String
  /// What the key's expression said; the empty string without a key.
  package var key: String

  package init(owner: String, key: String) {
    self.owner = owner
    self.key = key
  }
}

/// The window of a calendar that spending counts in; seconds since 1970, UTC.
package struct BudgetPeriod: Hashable, Sendable {
  package var start: Int64
  /// The first second that is not in it any more.
  package var end: Int64

  package init(start: Int64, end: Int64) {
    self.start = start
    self.end = end
  }
}

/// One account that a hold must fit into.
package struct Charge: Sendable, Equatable {
  package var account: Account
  package var period: BudgetPeriod
  /// Of spent and held together.
  package var limit: NanoDollars

  package init(account: Account, period: BudgetPeriod, limit: NanoDollars) {
    self.account = account
    self.period = period
    self.limit = limit
  }
}

/// What is asked for before an attempt.
package struct Claim: Sendable {
  package var amount: NanoDollars
  package var charges: [Charge]
  /// The switches whose spending the settlement counts towards.
  package var series: [Account]
  package var attribution: Attribution

  package init(
    amount: NanoDollars,
    charges: [Charge],
    series: [Account] = [],
    attribution: Attribution
  ) {
    self.amount = amount
    self.charges = charges
    self.series = series
    self.attribution = attribution
  }
}

/// Whom and what an attempt's money is spent for.
package struct Attribution: Hashable, Sendable {
  package var tenant: String
  package var user: String
  package var tier: String
  package var product: String
  /// `X-Sluice-Tag`, where the caller may set one; else the empty string.
  package var tag: String
  package var model: String

  package init(
    tenant: String,
    user: String,
    tier: String,
    product: String,
    tag: String,
    model: String
  ) {
    self.tenant = tenant
    self.user = user
    self.tier = tier
    self.product = product
    self.tag = tag
    self.model = model
  }
}

/// A hold in the ledger; unique for the life of its journal.
package struct HoldID: Hashable, Sendable {
  package let number: UInt64
  package init(_ number: UInt64) { self.number = number }
}

package enum HoldDecision: Sendable, Equatable {
  case held(HoldID)
  /// At least one account has too little left; nothing was held.
  ///
  /// - Parameter available: what is left of each of the claim's accounts, in its order; never
  ///   negative.
  case short(available: [NanoDollars])
  /// The table of accounts is full (`Bounds.ledgerAccounts`); nothing was held.
  case full
  /// Records cannot be written and `on_ledger_failure` is `deny`; nothing was held.
  case unavailable
}

/// What became of the money of one attempt.
package struct Settlement: Sendable, Equatable {
  package enum Basis: String, Sendable, CaseIterable {
    /// Nothing was sent, or the upstream refused: nothing was spent.
    case nothing
    /// The upstream counted.
    case reported
    /// The upstream did not count, but the answer was whole and we counted it exactly.
    case counted
    /// Nobody knows: all of the hold counts as spent.
    case held
  }

  package var basis: Basis
  /// Of the attempt; with `held`, the ledger takes the hold's amount instead.
  package var cost: NanoDollars
  /// `nil` if nobody counted.
  package var usage: Usage?

  package init(_ basis: Basis, cost: NanoDollars = .zero, usage: Usage? = nil) {
    self.basis = basis
    self.cost = cost
    self.usage = usage
  }
}

/// What an account's owner has spent and holds in one period.
package struct Balance: Sendable, Equatable {
  package var spent: NanoDollars
  package var held: NanoDollars

  package init(spent: NanoDollars = .zero, held: NanoDollars = .zero) {
    self.spent = spent
    self.held = held
  }

  /// What is left of `limit`; never negative.
  package func remaining(of limit: NanoDollars) -> NanoDollars { max(.zero, limit - spent - held) }
}

/// A switch that was thrown or released, by a rule or by a person.
package struct SwitchChange: Sendable, Equatable {
  /// `switch.runaway` for a rule's; `manual` with a selector as key for a person's.
  package var account: Account
  /// `nil`: released.
  package var action: KillSwitchSettings.Action?
  /// Seconds since 1970; `nil`: until somebody releases it.
  package var until: Int64?
  /// Who: `rule`, or the name that the person gave.
  package var by: String
  package var reason: String

  package init(
    account: Account,
    action: KillSwitchSettings.Action?,
    until: Int64?,
    by: String,
    reason: String
  ) {
    self.account = account
    self.action = action
    self.until = until
    self.by = by
    self.reason = reason
  }
}

/// Why a record could not be written.
package struct LedgerFailure: Error, Sendable, Equatable {
  /// `no space left on device`; no path and no secret.
  package let reason: String
  package init(reason: String) { self.reason = reason }
}
