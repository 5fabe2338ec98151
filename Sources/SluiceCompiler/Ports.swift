package import SluicePipeline
package import SluiceStages
package import SluiceTelemetry

/// What a graph is connected to: stores that outlive it, and the upstreams it may ask.
///
/// The gateway hands in the real ones, the simulation its own; state sits behind stable names, so
/// that the next generation's graph finds what the last one counted.
package struct Ports: Sendable {
  package var keys: any KeyDirectory
  package var counters: any Counters
  package var cache: any ReplyCache
  package var ledger: any Ledger
  package var flights: FlightTable
  package var breakers: BreakerTable
  package var retryBudgets: RetryBudgetTable
  /// By the name of the upstream in the policy.
  package var upstreams: [String: any Upstream]
  /// Counts prompts; must be there if the policy asks for a count.
  package var tokens: PromptCount?
  package var metrics: MetricsRegistry

  package init(
    keys: any KeyDirectory,
    counters: any Counters,
    cache: any ReplyCache,
    ledger: any Ledger,
    flights: FlightTable,
    breakers: BreakerTable = BreakerTable(),
    retryBudgets: RetryBudgetTable = RetryBudgetTable(),
    upstreams: [String: any Upstream],
    tokens: PromptCount? = nil,
    metrics: MetricsRegistry
  ) {
    self.keys = keys
    self.counters = counters
    self.cache = cache
    self.ledger = ledger
    self.flights = flights
    self.breakers = breakers
    self.retryBudgets = retryBudgets
    self.upstreams = upstreams
    self.tokens = tokens
    self.metrics = metrics
  }
}
