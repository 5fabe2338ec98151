internal import SluiceCore
internal import Synchronization

/// Every metric of the gateway: the one list of their names and what they say.
///
/// One registry lives as long as the process. Stages and stores keep the series they were handed;
/// series are found again by their labels, so numbers go on growing over a reload.
package final class MetricsRegistry: Sendable {
  // The series of the article that dashboards and alerts are written against.
  package let requests = CounterFamily(
    counter: "llm_requests_total",
    help: "Exchanges that ended, by the model that answered or \"none\".",
    labels: ["model", "status", "cache_hit"]
  )
  package let requestDuration = HistogramFamily(
    histogram: "llm_request_duration_seconds",
    help: "From the end of the request to the end of the reply.",
    labels: ["model"],
    bounds: [500, 1_000, 2_500, 5_000, 10_000, 30_000].map { $0 * millisecond }
  )
  package let cost = CounterFamily(
    counter: "llm_cost_dollars_total",
    help: "What attempts cost, from the counts of their tokens and the price table.",
    labels: ["model", "user_tier"],
    unit: .nano
  )
  private let active = GaugeFamily(
    gauge: "llm_active_requests",
    help: "Exchanges in flight."
  )

  // The pipeline.
  package let exits = CounterFamily(
    counter: "sluice_exit_total",
    help: "Exchanges that left a node by an exit.",
    labels: ["node", "exit"]
  )
  private let overheadFamily = HistogramFamily(
    histogram: "sluice_overhead_seconds",
    help: "Time in the gateway that was not spent waiting for an upstream.",
    bounds: [
      10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
      500_000, 1_000_000,
    ]
    .map { $0 * microsecond }
  )
  package let tokens = CounterFamily(
    counter: "sluice_tokens_total",
    help: "Tokens of attempts; direction is input or output.",
    labels: ["model", "direction"]
  )
  package let usageSource = CounterFamily(
    counter: "sluice_usage_source_total",
    help: "Attempts that were booked; source is upstream, counted or bounded.",
    labels: ["model", "source"]
  )
  package let reconciled = CounterFamily(
    counter: "sluice_reconciled_tokens_total",
    help: "Tokens of sampled answers that both upstream and Sluice counted, by who did.",
    labels: ["model", "direction", "counted_by"]
  )
  package let expressionErrors = CounterFamily(
    counter: "sluice_expression_errors_total",
    help: "Expressions of the policy that failed while serving, by the node that asked.",
    labels: ["where"]
  )
  private let followers = GaugeFamily(
    gauge: "sluice_flight_followers",
    help: "Exchanges that wait for the answer to an equal request."
  )

  /// Exchanges without a client.
  package let backgroundExchanges = CounterFamily(
    counter: "sluice_background_exchanges_total",
    help:
      "Exchanges without a client that ended, as requests do; full: not begun, since too many run.",
    labels: ["purpose", "status"]
  )
  private let background = GaugeFamily(
    gauge: "sluice_background_exchanges",
    help: "Exchanges without a client that run."
  )

  // The upstreams.
  package let breakerState = GaugeFamily(
    gauge: "sluice_breaker_state",
    help: "1 for the state that a model's breaker is in, 0 for the others.",
    labels: ["model", "state"]
  )
  package let breakerTransitions = CounterFamily(
    counter: "sluice_breaker_transitions_total",
    help: "Changes of a model's breaker to a state.",
    labels: ["model", "state"]
  )
  package let upstreamReplays = CounterFamily(
    counter: "sluice_upstream_replays_total",
    help: "Requests sent once more because a kept connection broke before it took them whole.",
    labels: ["upstream"]
  )
  package let breakerHeld = GaugeFamily(
    gauge: "sluice_breaker_held",
    help: "1 while something decides in the place of a model's breaker, 0 else.",
    labels: ["model", "by"]
  )
  package let upstreamHealthy = GaugeFamily(
    gauge: "sluice_upstream_healthy",
    help: "1 while the health check of an upstream finds it up, else 0.",
    labels: ["upstream"]
  )
  package let healthChecks = CounterFamily(
    counter: "sluice_health_checks_total",
    help: "Health checks of an upstream; result is success, failure or neither.",
    labels: ["upstream", "result"]
  )
  package let attemptFailures = CounterFamily(
    counter: "sluice_attempt_failures_total",
    help: "Attempts that came to nothing, or broke off, by the reason that the log names.",
    labels: ["model", "reason"]
  )

  // The cache.
  private let entries = GaugeFamily(
    gauge: "sluice_cache_entries",
    help: "Answers that the cache holds."
  )
  private let bytes = GaugeFamily(
    gauge: "sluice_cache_bytes",
    help: "Bytes that the cache holds, book-keeping included."
  )
  private let evictions = CounterFamily(
    counter: "sluice_cache_evictions_total",
    help: "Answers that were dropped before their time to make room."
  )
  package let cacheInvalidations = CounterFamily(
    counter: "sluice_cache_invalidations_total",
    help: "Orders to forget answers, by what they named: product, tag, key or everything.",
    labels: ["selection"]
  )
  package let cacheInvalidated = CounterFamily(
    counter: "sluice_cache_invalidated_answers_total",
    help: "Answers that were forgotten by order, by what it named.",
    labels: ["selection"]
  )

  private let journalWritten = CounterFamily(
    counter: "sluice_cache_journal_written_total",
    help: "Answers, questions and states that were written to the cache's journal."
  )
  private let journalDropped = CounterFamily(
    counter: "sluice_cache_journal_dropped_total",
    help:
      "Answers, questions and states that were not, and will not survive a restart: too many waited, or the disk failed."
  )
  private let journalBytes = GaugeFamily(
    gauge: "sluice_cache_journal_bytes",
    help: "Bytes of the cache's journal."
  )
  private let journalWritable = GaugeFamily(
    gauge: "sluice_cache_journal_writable",
    help: "1 while the cache's journal can be written, else 0."
  )
  private let journalDamaged = CounterFamily(
    counter: "sluice_cache_journal_damaged_total",
    help: "Starts that dropped what the cache's journal held, in all or before some place."
  )

  package let cacheExchanges = CounterFamily(
    counter: "sluice_cache_exchanges_total",
    help:
      "Exchanges by product and what the cache was to them: exact, semantic, stale, miss, bypass.",
    labels: ["product", "cache"]
  )
  package let semanticMisses = CounterFamily(
    counter: "sluice_semantic_misses_total",
    help: "Requests that the semantic cache did not answer, by what stood against it.",
    labels: ["product", "reason"]
  )
  package let semanticComparisons = CounterFamily(
    counter: "sluice_semantic_comparisons_total",
    help: "Fresh answers and that of the near question: agree, differ, failed or left_out.",
    labels: ["product", "result"]
  )
  package let semanticShadows = CounterFamily(
    counter: "sluice_semantic_shadows_total",
    help:
      "Semantic hits sampled to be compared with a fresh answer: agree, differ; failed, refused, full: not compared.",
    labels: ["product", "result"]
  )
  package let semanticWrongShare = GaugeFamily(
    gauge: "sluice_semantic_wrong_share",
    help: "The share of compared semantic hits, at the bar that holds, whose answers differed.",
    labels: ["product"],
    unit: .nano
  )
  package let semanticWrongShareBound = GaugeFamily(
    gauge: "sluice_semantic_wrong_share_bound",
    help: "The ends of the 95 % interval of that share.",
    labels: ["product", "end"],
    unit: .nano
  )
  package let semanticBar = GaugeFamily(
    gauge: "sluice_semantic_bar",
    help: "The score that a semantic hit needs; 2 where shadows let none through.",
    labels: ["product"],
    unit: .nano
  )
  private let semanticQuestionsFamily = GaugeFamily(
    gauge: "sluice_semantic_questions",
    help: "Questions that are kept to be compared with."
  )
  private let semanticBytesFamily = GaugeFamily(
    gauge: "sluice_semantic_bytes",
    help: "Bytes that kept questions take, their answers apart."
  )
  package let embeddings = CounterFamily(
    counter: "sluice_embeddings_total",
    help:
      "Texts to embed: embedded, joined an equal one, or busy, late, too_long, cancelled, failed, abandoned.",
    labels: ["result"]
  )
  private let embeddingDurationFamily = HistogramFamily(
    histogram: "sluice_embedding_seconds",
    help: "Time that the model took for one text, without waiting for a thread.",
    bounds: [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000]
      .map { $0 * microsecond }
  )

  // Budgets.
  package let budgetExceeded = CounterFamily(
    counter: "sluice_budget_exceeded_total",
    help:
      "Holds that a budget did not cover, by what was done: clamp, reroute, cache_only or deny.",
    labels: ["budget", "step"]
  )
  package let budgetSpent = GaugeFamily(
    gauge: "sluice_budget_spent_dollars",
    help: "Spent in the period of the last settlement, of budgets that have no key.",
    labels: ["budget"],
    unit: .nano
  )
  package let budgetWarnings = CounterFamily(
    counter: "sluice_budget_warnings_total",
    help: "Accounts that spent the share of their limit at which to warn, once a period.",
    labels: ["budget"]
  )
  package let budgetOverrun = CounterFamily(
    counter: "sluice_budget_overrun_dollars_total",
    help: "Money that attempts cost beyond what was held for them.",
    labels: ["model"],
    unit: .nano
  )

  // The ledger.
  private let ledgerWritableFamily = GaugeFamily(
    gauge: "sluice_ledger_writable",
    help: "1 while records of spending can be written, else 0."
  )
  private let ledgerFailuresFamily = CounterFamily(
    counter: "sluice_ledger_failures_total",
    help: "Writes and syncs of the ledger that failed."
  )
  private let ledgerUnrecordedFamily = CounterFamily(
    counter: "sluice_ledger_unrecorded_total",
    help: "Attempts that were sent without a record of their hold, as on_ledger_failure allowed."
  )
  private let ledgerBytesFamily = CounterFamily(
    counter: "sluice_ledger_bytes_total",
    help: "Bytes of records that the ledger wrote."
  )
  private let ledgerAccountsFamily = GaugeFamily(
    gauge: "sluice_ledger_accounts",
    help: "Accounts that the ledger keeps in memory."
  )
  private let ledgerHoldsFamily = GaugeFamily(
    gauge: "sluice_ledger_open_holds",
    help: "Holds that are not settled yet."
  )
  private let ledgerHeldFamily = GaugeFamily(
    gauge: "sluice_ledger_held_dollars",
    help: "Money that open holds reserve.",
    unit: .nano
  )

  // Kill switches.
  package let switchActive = GaugeFamily(
    gauge: "sluice_kill_switch_active",
    help: "Switches of a rule that are on, over all values of its key; manual: those of persons.",
    labels: ["switch"]
  )
  package let switchTransitions = CounterFamily(
    counter: "sluice_kill_switch_transitions_total",
    help: "Changes of kill switches; to is on, extended, off or restored.",
    labels: ["switch", "to"]
  )

  // The policy.
  package let reloads = CounterFamily(
    counter: "sluice_reload_total",
    help: "Reloads; result is accepted, unchanged, refused or rolled_back.",
    labels: ["result"]
  )
  private let generationFamily = GaugeFamily(
    gauge: "sluice_generation",
    help: "The number of the policy that new exchanges get."
  )
  private let liveGenerations = GaugeFamily(
    gauge: "sluice_generations_live",
    help: "Policies that some exchange still runs under."
  )
  private let configStale = GaugeFamily(
    gauge: "sluice_config_stale_seconds",
    help: "How long the files have said something else than what is served."
  )
  private let refused = GaugeFamily(
    gauge: "sluice_config_refused",
    help: "1 while the newest files are refused, else 0."
  )

  // The edges and the process.
  package let requestsRefused = CounterFamily(
    counter: "sluice_requests_refused_total",
    help: "Requests that were turned away before they were exchanges, by the code of the error.",
    labels: ["code"]
  )
  private let connections = GaugeFamily(
    gauge: "sluice_connections_open",
    help: "Connections of clients."
  )
  private let upstreamConnections = GaugeFamily(
    gauge: "sluice_upstream_connections_open",
    help: "Connections to upstreams, idle ones included."
  )
  private let droppedLines = CounterFamily(
    counter: "sluice_log_lines_dropped_total",
    help: "Log lines that were lost because their reader was too slow."
  )
  private let residentMemory = GaugeFamily(
    gauge: "process_resident_memory_bytes",
    help: "Resident memory of the process."
  )
  private let openDescriptors = GaugeFamily(
    gauge: "process_open_fds",
    help: "Open file descriptors of the process."
  )

  // Series without labels, so that nobody looks them up.
  package let activeRequests: Gauge
  package let overhead: Histogram
  package let flightFollowers: Gauge
  package let backgroundRunning: Gauge
  package let cacheEntries: Gauge
  package let cacheBytes: Gauge
  package let cacheEvictions: Counter
  package let cacheJournalWritten: Counter
  package let cacheJournalDropped: Counter
  package let cacheJournalBytes: Gauge
  package let cacheJournalWritable: Gauge
  package let cacheJournalDamaged: Counter
  package let semanticQuestions: Gauge
  package let semanticBytes: Gauge
  package let embeddingDuration: Histogram
  package let ledgerWritable: Gauge
  package let ledgerFailures: Counter
  package let ledgerUnrecorded: Counter
  package let ledgerBytes: Counter
  package let ledgerAccounts: Gauge
  package let ledgerOpenHolds: Gauge
  package let ledgerHeld: Gauge
  package let generation: Gauge
  package let generationsLive: Gauge
  package let configStaleSeconds: Gauge
  package let configRefused: Gauge
  package let connectionsOpen: Gauge
  package let upstreamConnectionsOpen: Gauge
  package let logLinesDropped: Counter
  package let residentMemoryBytes: Gauge
  package let openFileDescriptors: Gauge

  private let models = Mutex<[String: ModelMeters]>([:])

  package init() {
    activeRequests = active[]
    overhead = overheadFamily[]
    flightFollowers = followers[]
    backgroundRunning = background[]
    cacheEntries = entries[]
    cacheBytes = bytes[]
    cacheEvictions = evictions[]
    cacheJournalWritten = journalWritten[]
    cacheJournalDropped = journalDropped[]
    cacheJournalBytes = journalBytes[]
    cacheJournalWritable = journalWritable[]
    cacheJournalDamaged = journalDamaged[]
    semanticQuestions = semanticQuestionsFamily[]
    semanticBytes = semanticBytesFamily[]
    embeddingDuration = embeddingDurationFamily[]
    ledgerWritable = ledgerWritableFamily[]
    ledgerFailures = ledgerFailuresFamily[]
    ledgerUnrecorded = ledgerUnrecordedFamily[]
    ledgerBytes = ledgerBytesFamily[]
    ledgerAccounts = ledgerAccountsFamily[]
    ledgerOpenHolds = ledgerHoldsFamily[]
    ledgerHeld = ledgerHeldFamily[]
    generation = generationFamily[]
    generationsLive = liveGenerations[]
    configStaleSeconds = configStale[]
    configRefused = refused[]
    connectionsOpen = connections[]
    upstreamConnectionsOpen = upstreamConnections[]
    logLinesDropped = droppedLines[]
    residentMemoryBytes = residentMemory[]
    openFileDescriptors = openDescriptors[]
  }

  /// What is counted for one model; `none` before one was chosen.
  ///
  /// One look-up an exchange instead of one a series.
  package func meters(of model: String) -> ModelMeters {
    models.withLock { models in
      if let known = models[model] { return known }
      let name = models.count < Bounds.metricSeries ? model : "other"
      if let known = models[name] { return known }
      let new = ModelMeters(of: name, in: self)
      models[name] = new
      return new
    }
  }

  /// The page that a scrape gets.
  package func exposition() -> [UInt8] {
    ExpositionPage([
      requests, requestDuration, cost, active, exits, overheadFamily, tokens, usageSource,
      reconciled, expressionErrors, followers, backgroundExchanges, background,
      breakerState, breakerTransitions, upstreamReplays,
      breakerHeld, upstreamHealthy, healthChecks, attemptFailures, entries, bytes, evictions,
      cacheInvalidations, cacheInvalidated,
      cacheExchanges, semanticMisses, semanticComparisons, semanticShadows, semanticWrongShare,
      semanticWrongShareBound, semanticBar, semanticQuestionsFamily,
      semanticBytesFamily,
      journalWritten, journalDropped, journalBytes, journalWritable, journalDamaged,
      embeddings, embeddingDurationFamily, budgetExceeded, budgetSpent, budgetWarnings,
      budgetOverrun, ledgerWritableFamily, ledgerFailuresFamily,
      ledgerUnrecordedFamily, ledgerBytesFamily, ledgerAccountsFamily, ledgerHoldsFamily,
      ledgerHeldFamily, switchActive, switchTransitions, reloads,
      generationFamily, liveGenerations, configStale, refused, requestsRefused, connections,
      upstreamConnections, droppedLines, residentMemory, openDescriptors,
    ])
    .bytes
  }
}

/// The series of one model, each made at once: a counter that first appears with its first count
/// hides that count from a rate.
package final class ModelMeters: Sendable {
  private let requests: [Counter]
  package let duration: Histogram
  package let inputTokens: Counter
  package let outputTokens: Counter
  private let sources: [Counter]
  package let reconciledInput: BothCounts
  package let reconciledOutput: BothCounts

  fileprivate init(of model: String, in registry: MetricsRegistry) {
    requests = ExchangeStatus.allCases.flatMap { status in
      ["false", "true"].map { registry.requests[model, status.rawValue, $0] }
    }
    duration = registry.requestDuration[model]
    inputTokens = registry.tokens[model, "input"]
    outputTokens = registry.tokens[model, "output"]
    sources = CountSource.allCases.map { registry.usageSource[model, $0.rawValue] }
    reconciledInput = BothCounts(of: model, direction: "input", in: registry)
    reconciledOutput = BothCounts(of: model, direction: "output", in: registry)
  }

  package func usage(from source: CountSource) -> Counter { sources[source.position] }

  package func requests(_ status: ExchangeStatus, cacheHit: Bool) -> Counter {
    requests[status.position * 2 + (cacheHit ? 1 : 0)]
  }
}

/// The same tokens as an upstream counted them, and as we do.
package struct BothCounts: Sendable {
  private let upstream: Counter
  private let own: Counter

  fileprivate init(of model: String, direction: String, in registry: MetricsRegistry) {
    upstream = registry.reconciled[model, direction, "upstream"]
    own = registry.reconciled[model, direction, "sluice"]
  }

  package func add(upstream reported: Int, counted: Int) {
    upstream.increment(by: Int64(reported))
    own.increment(by: Int64(counted))
  }
}

/// Who counted tokens, as the label `source` and the log's `usage` say it, from the surest on.
package enum CountSource: String, Sendable, CaseIterable {
  case upstream
  /// Sluice, token by token.
  case counted
  /// Nobody: a token for each byte.
  case bounded

  fileprivate var position: Int {
    switch self {
    case .upstream: 0
    case .counted: 1
    case .bounded: 2
    }
  }

  package static func isSurer(_ one: CountSource, _ other: CountSource) -> Bool {
    one.position < other.position
  }
}

/// How an exchange ended, as the label `status` says it.
package enum ExchangeStatus: String, Sendable, CaseIterable {
  /// The client got the whole answer.
  case success
  /// Something failed: the upstream, the request, or Sluice.
  case error
  /// The policy said no.
  case refused
  /// The answer began and did not end as it should have.
  case cut

  fileprivate var position: Int {
    switch self {
    case .success: 0
    case .error: 1
    case .refused: 2
    case .cut: 3
    }
  }
}

private let microsecond: Int64 = 1_000
private let millisecond: Int64 = 1_000_000
