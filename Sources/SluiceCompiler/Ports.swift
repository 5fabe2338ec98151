package import SluicePipeline
package import SluicePolicy
package import SluiceStages
package import SluiceTelemetry

extension MetricsRegistry {
  /// What counts the failures of attempts at a model, each reason there from the start.
  func attemptFailures(of model: String) -> [Failure.Reason: Counter] {
    let reasons = Failure.Reason.allCases.map { ($0, attemptFailures[model, $0.rawValue]) }
    return Dictionary(uniqueKeysWithValues: reasons)
  }
}

/// What a graph is connected to: stores that outlive it, and the upstreams it may ask.
///
/// The gateway hands in the real ones, the simulation its own; state sits behind stable names, so
/// that the next generation's graph finds what the last one counted.
package struct Ports: Sendable {
  package var keys: any KeyDirectory
  package var counters: any Counters
  package var cache: any ReplyCache
  package var ledger: any Ledger
  /// Looks on when money is settled.
  package var budgetWatch: BudgetWatch
  package var flights: FlightTable
  /// What semantic caches remember; must have an encoder if the policy serves one.
  package var semantic: SemanticMemory
  /// Runs what nobody waits for.
  package var background: BackgroundExchanges
  /// What those remember whose vectors a model makes, the same for as long as it means the same.
  package var embedded: @Sendable (ModelSettings) -> SemanticMemory
  package var breakers: BreakerTable
  package var switches: SwitchTable
  package var retryBudgets: RetryBudgetTable
  /// By the name of the upstream in the policy.
  package var upstreams: [String: any Upstream]
  /// Counts prompts; must be there if the policy asks for a count.
  package var tokens: PromptCount?
  /// Books what attempts use.
  package var meter: UsageMeter
  package var metrics: MetricsRegistry

  package init(
    keys: any KeyDirectory,
    counters: any Counters,
    cache: any ReplyCache,
    ledger: any Ledger,
    budgetWatch: BudgetWatch? = nil,
    flights: FlightTable,
    semantic: SemanticMemory? = nil,
    embedded: (@Sendable (ModelSettings) -> SemanticMemory)? = nil,
    background: BackgroundExchanges? = nil,
    breakers: BreakerTable = BreakerTable(),
    switches: SwitchTable? = nil,
    retryBudgets: RetryBudgetTable = RetryBudgetTable(),
    upstreams: [String: any Upstream],
    tokens: PromptCount? = nil,
    meter: UsageMeter? = nil,
    metrics: MetricsRegistry
  ) {
    self.keys = keys
    self.counters = counters
    self.cache = cache
    self.ledger = ledger
    self.budgetWatch = budgetWatch ?? BudgetWatch(metrics: metrics)
    self.flights = flights
    self.semantic = semantic ?? .without(NoEmbedder(), metrics: metrics)
    self.background = background ?? BackgroundExchanges(metrics: metrics)
    self.embedded =
      embedded ?? { _ in
        SemanticMemory(ofUpstream: NoIndex(), indexing: WorkInPlace(), metrics: metrics)
      }
    self.breakers = breakers
    self.switches = switches ?? SwitchTable(ledger: ledger)
    self.retryBudgets = retryBudgets
    self.upstreams = upstreams
    self.tokens = tokens
    self.meter = meter ?? UsageMeter(metrics: metrics)
    self.metrics = metrics
  }
}
