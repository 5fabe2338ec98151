package import SluiceCore

/// A kill switch went on or off.
package struct KillSwitchChanged: Event {
  /// Of the rule; `manual` for a person's.
  package var name: String
  /// The value of the rule's key, or the scope of a person's.
  package var key: String
  /// `on`, `extended` or `off`.
  package var to: String
  /// `deny` or `cache_only`; empty for `off`.
  package var action: String
  /// Seconds since 1970; `nil`: not known, or until it is released.
  package var until: Int64?
  /// Who: `rule`, `time`, `reload`, or a person's name.
  package var by: String
  package var reason: String

  package init(
    name: String,
    key: String,
    to: String,
    action: String,
    until: Int64?,
    by: String,
    reason: String
  ) {
    self.name = name
    self.key = key
    self.to = to
    self.action = action
    self.until = until
    self.by = by
    self.reason = reason
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.switchTransitions[name, to].increment()
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("kill_switch", at: moment)
    line.append("switch", name)
    line.append("key", key)
    line.append("to", to)
    line.append("action", action)
    if let until { line.append("until", UTCTime.text(ofWall: until * 1_000_000_000)) }
    line.append("by", by)
    line.append("reason", reason)
    return line
  }
}

/// A person stopped spending, or let it go on: the audit record.
package struct SpendingOrdered: Event {
  package enum Order: String, Sendable { case kill, revive }

  package var order: Order
  /// `deny` or `cache_only`; empty for `revive`.
  package var action: String
  /// What it stops, or what was named to be released.
  package var scope: String
  /// `finish` or `cut`; empty for `revive`.
  package var running: String
  /// Exchanges that were cut, or switches that were released.
  package var count: Int
  package var reason: String
  /// Who, as the order says.
  package var by: String
  /// The address that the order came from.
  package var client: String

  package init(
    _ order: Order,
    action: String = "",
    scope: String,
    running: String = "",
    count: Int,
    reason: String,
    by: String,
    client: String
  ) {
    self.order = order
    self.action = action
    self.scope = scope
    self.running = running
    self.count = count
    self.reason = reason
    self.by = by
    self.client = client
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("spending_order", at: moment)
    line.append("order", order.rawValue)
    line.append("action", action)
    line.append("scope", scope)
    line.append("running", running)
    line.append(order == .kill ? "cut" : "released", count)
    line.append("reason", reason)
    line.append("by", by)
    line.append("client", client)
    return line
  }
}
