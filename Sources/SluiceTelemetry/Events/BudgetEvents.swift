package import SluiceCore

/// A budget has spent the share of its limit at which to warn; told once an account and period.
package struct BudgetRanLow: Event {
  package var budget: String
  /// The value of its key; empty without one.
  package var key: String
  package var spent: NanoDollars
  package var limit: NanoDollars
  /// When it renews, in seconds since 1970.
  package var periodEnd: Int64

  package init(
    budget: String,
    key: String,
    spent: NanoDollars,
    limit: NanoDollars,
    periodEnd: Int64
  ) {
    self.budget = budget
    self.key = key
    self.spent = spent
    self.limit = limit
    self.periodEnd = periodEnd
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.budgetWarnings[budget].increment()
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("budget_runs_low", at: moment)
    line.append("budget", budget)
    line.append("key", key)
    line.append("spent", spent.description)
    line.append("limit", limit.description)
    line.append("renews", UTCTime.text(ofWall: periodEnd * 1_000_000_000))
    return line
  }
}

/// An attempt cost more than was held for it: its upstream did not keep to the output clamp.
package struct HoldOverrun: Event {
  package var model: String
  package var held: NanoDollars
  /// Beyond what was held.
  package var excess: NanoDollars

  package init(model: String, held: NanoDollars, excess: NanoDollars) {
    self.model = model
    self.held = held
    self.excess = excess
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.budgetOverrun[model].increment(by: excess.count)
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("hold_overrun", at: moment)
    line.append("model", model)
    line.append("held", held.description)
    line.append("excess", excess.description)
    return line
  }
}
