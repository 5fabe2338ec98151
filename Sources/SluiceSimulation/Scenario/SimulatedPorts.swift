internal import SluiceCompiler
internal import SluiceCore
internal import SluiceHTTP
internal import SluiceLanguage
package import SluicePipeline
package import SluicePolicy
package import SluiceStages
package import SluiceStores
internal import SluiceTelemetry
internal import Synchronization

/// What stands between the stages and their stores; by default nothing.
package struct Disguise {
  package var counters: (any Counters) -> any Counters = { $0 }
  package var cache: (any ReplyCache) -> any ReplyCache = { $0 }
  package var ledger: (any Ledger) -> any Ledger = { $0 }

  package init() {}
}

/// The stores of a gateway, for real, and upstreams that follow a script.
///
/// They outlive generations, as the gateway's do.
package struct SimulatedPorts: Sendable {
  package let counters: any Counters
  package let cache: any ReplyCache
  package let ledger: any Ledger
  /// What the ledger writes to; its faults are a test's to choose.
  package let journal: MemoryJournal
  package let flights: FlightTable
  package let breakers: BreakerTable
  package let switches: SwitchTable
  package let semantic: SemanticMemory
  package let background: BackgroundExchanges
  private let embedded = EmbeddedMemories()
  /// By the name of the upstream in the policy.
  package let upstreams: [String: ScriptedUpstream]
  private let ports: Ports

  /// Ports for the clients of `asks`, and upstreams of the given names that follow `plan`.
  ///
  /// The ledger is what `journal` says. A test may put something between the stages and the stores: a
  /// `Disguise`.
  package init(
    for asks: [Ask],
    upstreams names: [String],
    plan: FaultPlan,
    random: inout SeededRandom,
    history: History,
    journal: MemoryJournal = MemoryJournal(),
    faults: PortFaults? = nil,
    disguise: Disguise = Disguise()
  ) {
    var upstreams: [String: ScriptedUpstream] = [:]
    for name in names {
      upstreams[name] = ScriptedUpstream(
        name: name,
        plan: plan,
        random: random.fork(),
        history: history,
        faults: faults
      )
    }
    self.init(
      keys: ScriptedKeys(for: asks),
      upstreams: upstreams,
      tokens: ScriptedTokens(),
      history: history,
      journal: journal,
      faults: faults,
      disguise: disguise
    )
  }

  /// Ports with the given keys and upstreams.
  ///
  /// - Parameters:
  ///   - keys: who has one.
  ///   - upstreams: by the name of the upstream in the policy.
  ///   - tokens: counts prompts; `nil` if nothing asks.
  ///   - tokenizers: count what models read and say.
  ///   - history: where what happens is written down.
  ///   - journal: what the ledger writes to.
  ///   - faults: which call of a port fails.
  ///   - disguise: what stands between the stages and the stores.
  package init(
    keys: any KeyDirectory,
    upstreams: [String: ScriptedUpstream],
    tokens: (any TokenCounter)?,
    tokenizers: any Tokenizers = NoTokenizers(),
    history: History,
    journal: MemoryJournal = MemoryJournal(),
    faults: PortFaults? = nil,
    disguise: Disguise = Disguise()
  ) {
    let metrics = MetricsRegistry()
    counters = disguise.counters(EmbeddedCounters())
    cache = disguise.cache(EmbeddedReplyCache())
    self.journal = journal
    ledger = disguise.ledger(.opened(journal, in: history.world))
    flights = FlightTable(followers: metrics.flightFollowers)
    background = BackgroundExchanges(
      metrics: metrics,
      began: { exchange, _ in history.beginBackground(exchange.origin) },
      ended: { exchange, _ in
        let graph = exchange.generation.graph
        history.endBackground(
          exchange.origin,
          trail: exchange.trail.steps.map { step in
            "\(graph[step.node].name):\(graph[step.node].exits[step.exit.position].name)"
          }
        )
      }
    )
    breakers = BreakerTable { history.turn($0) }
    let embedder = ScriptedEmbedder()
    semantic = SemanticMemory(
      embedder: embedder,
      index: EmbeddedVectorIndex(dimension: embedder.dimension),
      indexing: WorkInPlace(),
      learning: WorkInPlace(),
      metrics: metrics
    )
    let recorded = RecordedLedger(ledger, in: history)
    switches = SwitchTable(ledger: recorded) { transition, _ in history.turn(transition) }
    self.upstreams = upstreams
    var keys = keys
    var counters: any Counters = counters
    var cache: any ReplyCache = cache
    if let faults {
      keys = FaultyKeys(keys, faults)
      counters = FaultyCounters(counters, faults)
      cache = FaultyCache(cache, faults)
    }
    ports = Ports(
      keys: keys,
      counters: RecordedCounters(counters, in: history),
      cache: cache,
      ledger: recorded,
      flights: flights,
      semantic: semantic,
      embedded: { [embedded] in embedded.memory(of: $0, metrics, in: history.world) },
      background: background,
      breakers: breakers,
      switches: switches,
      upstreams: upstreams,
      tokens: tokens.map { PromptCount($0, remembering: RememberedCounts()) },
      meter: UsageMeter(tokenizers: tokenizers, metrics: metrics),
      metrics: metrics
    )
  }

  /// Lowers `policy` to a generation that is connected to these ports.
  package func generation(_ number: UInt64, of policy: Policy) -> Generation {
    semantic.follow(policy)
    return Compiler.lower(policy, hash: "", number: number, ports: ports)
  }

  /// Has all upstreams follow another plan.
  package func follow(_ plan: FaultPlan) {
    for upstream in upstreams.values { upstream.follow(plan) }
  }
}

extension Exchange {
  /// The number of the exchange that it is, or that it takes over from.
  fileprivate var origin: Int {
    guard let number = request.fields.first(History.exchangeField).flatMap({ Int($0) }) else {
      preconditionFailure("an exchange without a number")
    }
    return number
  }
}

/// What is kept of questions whose vectors upstreams make, by the name of the model.
private final class EmbeddedMemories: Sendable {
  private let memories = Mutex<[String: SemanticMemory]>([:])

  func memory(
    of model: ModelSettings,
    _ metrics: MetricsRegistry,
    in world: SimulatedWorld
  ) -> SemanticMemory {
    memories.withLock { memories in
      if let known = memories[model.name] { return known }
      let new = SemanticMemory(
        ofUpstream: UpstreamVectorIndex(of: model, now: { [unowned world] in world.now }),
        indexing: WorkInPlace(),
        metrics: metrics
      )
      memories[model.name] = new
      return new
    }
  }
}

extension Ledger where Self == JournaledLedger {
  /// A ledger whose timers and blocking work are steps of a simulated world.
  static func opened(_ journal: MemoryJournal, in world: SimulatedWorld) -> JournaledLedger {
    let host = LedgerHost(
      later: { [unowned world] delay, action in
        _ = world.schedule(atMonotonic: world.now.monotonic + delay, action)
      },
      work: { [unowned world] action in world.atEndOfTurn(action) },
      now: { [unowned world] in world.now },
      tell: { [unowned world] notice in world.note("ledger \(notice)") }
    )
    do throws(LedgerDamage) {
      return try JournaledLedger(journal, host: host)
    } catch {
      preconditionFailure("\(world.replay): the journal is damaged: \(error)")
    }
  }
}

extension Policy {
  /// The policy that one file says; traps with the findings if it is wrong.
  package static func compiled(from text: String) -> Policy {
    let compilation = Compiler.compile(Bundle(texts: [("policy.yaml", text)]))
    guard let policy = compilation.policy else {
      preconditionFailure("a scenario's policy is wrong: \(compilation.findings)")
    }
    return policy
  }
}
