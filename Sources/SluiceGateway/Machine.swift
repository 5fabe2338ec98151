import SluiceCompiler
import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceSemantics
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization

/// What runs and remembers, whatever the policy says: threads, stores, metrics and the log.
///
/// Made once a process; no reload touches it, so that none can reset what is counted.
final class Machine: Sendable {
  /// Traffic.
  let loops: EventLoopGroup
  /// The admin listener, signals and watches: what may block for a moment, apart from traffic.
  let control: EventLoopGroup
  /// The servers of simulated upstreams.
  let simulation: EventLoopGroup
  /// Look-ups of names.
  private let resolving: BlockingExecutor
  /// Reading, compiling and publishing policies: one thread, one at a time.
  let reloading: BlockingExecutor
  /// Reading the files of keys: not behind a policy that takes long to compile.
  let keeping: BlockingExecutor
  /// Counting what is too long for a loop.
  private let counting: BlockingExecutor
  /// Making vectors of questions.
  private let embedding: BlockingExecutor
  /// Looking for questions near to another.
  private let indexing: BlockingExecutor
  /// Comparing answers.
  private let learning: BlockingExecutor
  /// Writing the ledger's checkpoints, and waiting for its disk.
  let recording: BlockingExecutor
  /// Writing the cache's journal: two threads, so that batches need not wait for a long one.
  private let caching: BlockingExecutor
  let resolver: Resolver

  let metrics: MetricsRegistry
  let telemetry: Telemetry
  let log: LogWriter?

  let counters = EmbeddedCounters()
  let cacheJournal: CacheJournal
  let cache: EmbeddedReplyCache
  let ledger: JournaledLedger
  private let journal: any JournalMedium
  private let archive: any SpendArchive
  let flights: FlightTable
  let background: BackgroundExchanges
  let breakers: BreakerTable
  let switches: SwitchTable
  let budgetWatch: BudgetWatch
  let retryBudgets = RetryBudgetTable()
  let meter: UsageMeter
  private let tokenCounters: TokenCounters
  private let rememberedCounts = RememberedCounts()
  let encoders: SentenceEncoders
  private let semantic = Mutex<(memory: SemanticMemory, index: EmbeddedVectorIndex)?>(nil)
  /// By what makes the vectors.
  private let embedded = Mutex<[Digest: (memory: SemanticMemory, index: UpstreamVectorIndex)]>([:])

  /// Starts the threads, and opens the ledger and the cache's journal, which blocks.
  ///
  /// - Throws: `IOFailure` when the machine has no thread or descriptor left, `LedgerDamage`.
  init(
    _ options: GatewayOptions,
    journal: any JournalMedium,
    archive: any SpendArchive,
    cacheJournal cacheMedium: any JournalMedium
  ) throws {
    loops = try EventLoopGroup(count: options.loops)
    control = try EventLoopGroup(count: 1)
    simulation = try EventLoopGroup(count: 1)
    resolving = try BlockingExecutor()
    reloading = try BlockingExecutor(threads: 1)
    keeping = try BlockingExecutor(threads: 1)
    counting = try BlockingExecutor()
    // One loop's worth of processor is left to traffic.
    embedding = try BlockingExecutor(
      threads: max(1, loops.loops.count - 1),
      limit: Bounds.embeddingQueue
    )
    indexing = try BlockingExecutor(threads: 1, limit: Bounds.semanticQueue)
    learning = try BlockingExecutor(threads: 1, limit: Bounds.answerComparisons)
    recording = try BlockingExecutor(threads: 2)
    caching = try BlockingExecutor(threads: 2)
    resolver = Resolver(on: resolving, world: control.loops[0])
    metrics = MetricsRegistry()
    log =
      switch options.log {
      case .json: try LogWriter(dropped: metrics.logLinesDropped)
      case .none: nil
      }
    telemetry = Telemetry(metrics: metrics, sink: log ?? NoLog())
    flights = FlightTable(followers: metrics.flightFollowers)
    let (telemetry, clock) = (telemetry, control.loops[0])
    background = BackgroundExchanges(
      metrics: metrics,
      ended: { exchange, moment in
        telemetry.tell(ExchangeFinished(background: exchange, at: moment), at: moment)
      }
    )
    breakers = BreakerTable { transition in
      telemetry.tell(
        BreakerChanged(
          model: transition.model,
          from: transition.from.rawValue,
          to: transition.to.rawValue,
          cause: transition.cause?.rawValue ?? ""
        ),
        at: clock.now
      )
    }
    budgetWatch = BudgetWatch(metrics: metrics) { notice in
      switch notice {
      case .runsLow(let budget, let key, let spent, let limit, let periodEnd):
        telemetry.tell(
          BudgetRanLow(
            budget: budget,
            key: key,
            spent: spent,
            limit: limit,
            periodEnd: periodEnd
          ),
          at: clock.now
        )
      case .overrun(let model, let held, let excess):
        telemetry.tell(HoldOverrun(model: model, held: held, excess: excess), at: clock.now)
      }
    }
    tokenCounters = .of(folder: options.dataFolder, environment: options.environment)
    encoders = .of(folder: options.dataFolder, environment: options.environment)
    meter = UsageMeter(
      tokenizers: FoundTokenizers(counters: tokenCounters) { error in
        telemetry.tell(Warned("no_token_table", "\(error)"), at: clock.now)
      },
      workers: BlockingWorkers(executor: counting),
      metrics: metrics
    )
    let start = clock.now
    self.journal = journal
    self.archive = archive
    ledger = try JournaledLedger(
      journal,
      host: LedgerHost(on: control.loops[0], recording: recording, telemetry: telemetry),
      archive: archive
    )
    let thrown = ledger.switches(at: start)
    switches = SwitchTable(ledger: ledger, thrown: thrown, at: start) { transition, moment in
      telemetry.tell(KillSwitchChanged(transition), at: moment)
    }
    telemetry.tell(
      LedgerOpened(ledger.recovery, duration: clock.now.monotonic - start.monotonic),
      at: clock.now
    )
    for status in switches.list(at: start) {
      telemetry.tell(KillSwitchChanged(restored: status), at: start)
    }
    let opening = clock.now
    cacheJournal = CacheJournal(
      cacheMedium,
      host: CacheJournalHost(on: clock, writing: caching, telemetry: telemetry)
    )
    cache = EmbeddedReplyCache(journal: cacheJournal)
    telemetry.tell(
      CacheOpened(
        cacheJournal.recovery,
        duration: clock.now.monotonic - opening.monotonic
      ),
      at: clock.now
    )
  }

  /// Counts prompts for a policy; `nil` if it asks for no count.
  ///
  /// Reads the table of tokens at the first call that needs it, which blocks.
  func promptCount(for policy: Policy) throws(TokenTableError) -> PromptCount? {
    guard policy.countsTokens else { return nil }
    return PromptCount(
      try tokenCounters.counter(for: .cl100k),
      remembering: rememberedCounts,
      workers: BlockingWorkers(executor: counting)
    )
  }

  /// What semantic caches remember; `nil` if the policy serves none.
  ///
  /// Loads the encoder at the first call that needs it, which blocks. From then on every policy has
  /// the same memory, so that a reload forgets nothing.
  func semanticMemory(for policy: Policy) throws(SentenceEncoderError) -> SemanticMemory? {
    guard policy.needsEncoder else { return nil }
    return try semantic.withLock { semantic throws(SentenceEncoderError) in
      if let semantic { return semantic.memory }
      let encoder = try encoders.encoder()
      let clock = control.loops[0]
      let index = EmbeddedVectorIndex(
        of: encoder.fingerprint,
        dimension: encoder.dimension,
        journal: cacheJournal,
        at: clock.now
      )
      let memory = SemanticMemory(
        embedder: LocalEmbedder(
          encoder,
          on: BlockingWorkers(executor: embedding),
          meters: EmbeddingMeters(in: metrics),
          now: { clock.now.monotonic }
        ),
        index: index,
        indexing: BlockingWorkers(executor: indexing),
        learning: BlockingWorkers(executor: learning),
        metrics: metrics,
        kept: KeptStates(
          read: { [cacheJournal] in cacheJournal.state($0) },
          write: { [cacheJournal] in cacheJournal.keep($1, as: $0) }
        ),
        tightened: { [telemetry] in telemetry.tell($0, at: clock.now) }
      )
      semantic = (memory, index)
      return memory
    }
  }

  /// What semantic caches remember whose vectors a model makes; the same for every policy in which it
  /// is the same model at the same upstream.
  func semanticMemory(embeddedBy model: ModelSettings) -> SemanticMemory {
    let name = UpstreamVectorIndex.name(of: model)
    return embedded.withLock { embedded in
      if let known = embedded[name] { return known.memory }
      let clock = control.loops[0]
      let index = UpstreamVectorIndex(of: model, journal: cacheJournal, now: { clock.now })
      let memory = SemanticMemory(
        ofUpstream: index,
        indexing: BlockingWorkers(executor: indexing),
        metrics: metrics
      )
      embedded[name] = (memory, index)
      return memory
    }
  }

  /// Goes by the operating points of a policy that is served from now on, and forgets what products
  /// have taught that it has not, and what was kept for embedders that it no longer names.
  func followSemantic(_ policy: Policy) {
    semantic.withLock { $0?.memory.follow(policy) }
    let names = Set(
      policy.products.compactMap { $0.cache?.semantic?.embedder }
        .map { UpstreamVectorIndex.name(of: policy[$0]) }
    )
    embedded.withLock { embedded in
      embedded = embedded.filter { names.contains($0.key) }
      for (memory, _) in embedded.values { memory.follow(policy) }
    }
  }

  /// What semantic caches remember; `nil` until a policy has one.
  var semanticMemory: SemanticMemory? { semantic.withLock { $0?.memory } }

  /// The comparisons of shadows, a line of JSON each, without any text: what `sluice calibrate
  /// --shadow` reads.
  var shadowLines: [UInt8] {
    guard let (memory, index) = semantic.withLock({ $0 }) else { return [] }
    return memory.shadows.flatMap { $0.line(of: index.encoder) }
  }

  /// What is kept of questions, for its gauges.
  var semanticUsage: (count: Int, bytes: Int) {
    let own = semantic.withLock { $0.map { ($0.index.count, $0.index.bytes) } ?? (0, 0) }
    return embedded.withLock { embedded in
      embedded.values.reduce(own) { ($0.0 + $1.index.count, $0.1 + $1.index.bytes) }
    }
  }

  /// The clock of everything that is no exchange.
  var world: EventLoop { control.loops[0] }

  func tell(_ event: some Event) { telemetry.tell(event, at: world.now) }

  /// Who spent what until now; reads files, off the loops.
  func spending(on question: SpendQuestion) async throws -> SpendReport {
    try await recording.run { [ledger, journal, archive] in
      ledger.writeOut()
      return try SpendReport(
        by: question.dimension,
        since: question.since,
        until: question.until,
        journal: journal,
        archive: archive
      )
    }
  }

  /// Forgets answers, in memory and on the disk, off the loops.
  ///
  /// When it returns none of them is served again, by this process or a later one.
  /// - Returns: how many were forgotten.
  /// - Throws: when this process has forgotten, but a later one may find them on the disk.
  func forget(_ selection: CacheSelection) async throws -> Int {
    let count = cache.invalidate(selection)
    try await caching.run { [cacheJournal] in try cacheJournal.forget(selection) }
    return count
  }

  /// Writes the cache's journal to its end; traffic has ended.
  func closeCache() async {
    semantic.withLock { $0?.memory.writeOut() }
    do {
      try await caching.run { [cacheJournal] in cacheJournal.close() }
    } catch {
      tell(Warned("cache_not_closed", "the last answers are not written: \(error)"))
    }
  }

  /// Writes the ledger to its end, checkpoint and sync included; traffic has ended.
  func closeLedger() async {
    do {
      try await recording.run { [ledger] in ledger.close() }
    } catch {
      tell(Warned("ledger_not_closed", "the ledger is left as it is: \(error)"))
    }
  }

  /// Ends the threads, which blocks until what they are at is done; nothing runs after it.
  func stop() {
    loops.stop()
    simulation.stop()
    control.stop()
    reloading.stop()
    keeping.stop()
    counting.stop()
    embedding.stop()
    indexing.stop()
    learning.stop()
    recording.stop()
    caching.stop()
    resolving.stop()
  }
}

extension KillSwitchChanged {
  fileprivate init(_ transition: SwitchTable.Transition) {
    self.init(
      name: transition.name,
      key: transition.key,
      to: transition.kind.rawValue,
      action: transition.action?.rawValue ?? "",
      until: transition.until,
      by: transition.by,
      reason: transition.reason
    )
  }

  /// One that was on when the last process ended, and still is.
  fileprivate init(restored status: SwitchTable.Status) {
    self.init(
      name: status.name,
      key: status.key,
      to: "restored",
      action: status.action.rawValue,
      until: status.until,
      by: status.by,
      reason: status.reason
    )
  }
}
