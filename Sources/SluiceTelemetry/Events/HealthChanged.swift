package import SluiceCore

/// The health check of an upstream found that it went down, or came back.
package struct HealthChanged: Event {
  package var upstream: String
  package var isHealthy: Bool
  /// Why the last check failed; empty for one that came back.
  package var failure: String

  package init(upstream: String, isHealthy: Bool, failure: String) {
    self.upstream = upstream
    self.isHealthy = isHealthy
    self.failure = failure
  }

  package func count(in metrics: MetricsRegistry) {}

  package func line(at moment: Moment) -> LogLine {
    var line = LogLine("health", at: moment)
    line.append("upstream", upstream)
    line.append("state", isHealthy ? "healthy" : "unhealthy")
    line.append("failure", failure)
    return line
  }
}
