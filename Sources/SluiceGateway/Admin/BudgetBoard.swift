import SluiceCore
import SluiceExpressions
import SluiceJSON
import SluicePipeline
import SluicePolicy
import SluiceStores

/// What budgets have spent and hold in their periods of one moment.
struct BudgetBoard: Sendable {
  /// One budget, with its largest accounts.
  struct Row: Sendable {
    var settings: BudgetSettings
    /// `nil`: it counts each request for itself.
    var period: BudgetPeriod?
    /// The largest first, up to `Bounds.listedAccounts`.
    var accounts: [(key: String, balance: Balance)]
    /// How many there are.
    var count: Int
  }

  let rows: [Row]

  init(
    _ budgets: [BudgetSettings],
    key: String?,
    _ ledger: JournaledLedger,
    at moment: Moment
  ) {
    rows = budgets.map { budget in
      let terms = BudgetTerms(budget)
      guard !terms.isPerRequest else {
        return Row(settings: budget, period: nil, accounts: [], count: 0)
      }
      let period = terms.period(at: moment)
      // Without a key there is one account, spent on or not.
      if let only = budget.key == nil ? "" : key {
        let balance = ledger.balance(of: terms.account(of: only), in: period)
        return Row(settings: budget, period: period, accounts: [(only, balance)], count: 1)
      }
      let all = ledger.balances(of: terms.owner, in: period)
      return Row(
        settings: budget,
        period: period,
        accounts: Array(all.prefix(Bounds.listedAccounts)),
        count: all.count
      )
    }
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("budgets")
    writer.beginArray()
    for row in rows { append(row, to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  private func append(_ row: Row, to writer: inout JSONWriter) {
    let settings = row.settings
    writer.beginObject()
    writer.member("budget", settings.name)
    writer.member("per", settings.window.rawValue)
    writer.member("limit", settings.limit.description)
    if !settings.tiers.isEmpty {
      writer.key("tiers")
      writer.beginObject()
      for (tier, limit) in settings.tiers.sorted(by: { $0.key < $1.key }) {
        writer.member(tier, limit.description)
      }
      writer.endObject()
    }
    if let key = settings.key { writer.member("key", key.checked.source) }
    if let period = row.period {
      writer.member("since", Self.time(period.start))
      writer.member("renews_at", Self.time(period.end))
      writer.member("account_count", row.count)
      writer.key("accounts")
      writer.beginArray()
      for (key, balance) in row.accounts {
        writer.beginObject()
        writer.member("key", key)
        writer.member("spent", balance.spent.description)
        writer.member("held", balance.held.description)
        writer.member("remaining", balance.remaining(of: settings.limit).description)
        if !settings.tiers.isEmpty {
          writer.key("remaining_by_tier")
          writer.beginObject()
          for (tier, limit) in settings.tiers.sorted(by: { $0.key < $1.key }) {
            writer.member(tier, balance.remaining(of: limit).description)
          }
          writer.endObject()
        }
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  /// A table for people: the ten largest accounts of each budget.
  var html: String {
    guard !rows.isEmpty else { return "<p>The policy names none: nothing bounds spending.</p>" }
    let lines = rows.flatMap { row -> [[String]] in
      let settings = row.settings
      let limit = "$\(settings.limit) per \(settings.window.rawValue)"
      guard let period = row.period else { return [[settings.name, "", limit, "", "", "", ""]] }
      return row.accounts.prefix(10)
        .map { key, balance in
          [
            settings.name, key, limit, "$\(balance.spent) spent", "$\(balance.held) held",
            "$\(balance.remaining(of: settings.limit)) left", "renews at \(Self.time(period.end))",
          ]
        }
    }
    let table = lines.map { cells in
      "<tr>" + cells.map { "<td>\(AdminPage.escaped($0))</td>" }.joined() + "</tr>"
    }
    return "<table>\(table.joined(separator: "\n"))</table>"
  }

  private static func time(_ second: Int64) -> String {
    UTCTime.text(ofWall: second * 1_000_000_000)
  }
}
