package import SluiceCore

/// A model's breaker changed its state.
package struct BreakerChanged: Event {
  /// The states, as labels and log lines name them.
  private static let states = ["closed", "open", "half_open"]

  package var model: String
  package var from: String
  package var to: String

  package init(model: String, from: String, to: String) {
    self.model = model
    self.from = from
    self.to = to
  }

  package func count(in metrics: MetricsRegistry) {
    for state in Self.states { metrics.breakerState[model, state].set(state == to ? 1 : 0) }
    metrics.breakerTransitions[model, to].increment()
  }

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("breaker", at: moment)
    line.append("model", model)
    line.append("from", from)
    line.append("to", to)
    return line
  }
}
