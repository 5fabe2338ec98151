package import SluiceCore

/// A model's breaker changed its state.
package struct BreakerChanged: Event {
  package var model: String
  package var from: String
  package var to: String
  /// Why it is not closed; empty if it is.
  package var cause: String

  package init(model: String, from: String, to: String, cause: String) {
    self.model = model
    self.from = from
    self.to = to
    self.cause = cause
  }

  package func count(in metrics: MetricsRegistry) {
    metrics.breakerTransitions[model, to].increment()
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("breaker", at: moment)
    line.append("model", model)
    line.append("from", from)
    line.append("to", to)
    line.append("cause", cause)
    return line
  }
}

/// A person decided about a model's breaker, or gave the decision back.
package struct BreakerForced: Event {
  package var model: String
  /// `open`, `closed`, `automatic`.
  package var to: String
  package var reason: String
  /// Who, as the order says.
  package var by: String
  /// The address that the order came from.
  package var client: String
  /// The states before and after.
  package var before: String
  package var after: String

  package init(
    model: String,
    to: String,
    reason: String,
    by: String,
    client: String,
    before: String,
    after: String
  ) {
    self.model = model
    self.to = to
    self.reason = reason
    self.by = by
    self.client = client
    self.before = before
    self.after = after
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("breaker_forced", at: moment)
    line.append("model", model)
    line.append("to", to)
    line.append("reason", reason)
    line.append("by", by)
    line.append("client", client)
    line.append("before", before)
    line.append("after", after)
    return line
  }
}
