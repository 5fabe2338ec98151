import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Semantic cache node", .timeLimit(.minutes(1)))
struct SemanticCacheStageTests {
  @Test("a near question gets the answer, for nothing, with its score and age")
  func hit() async throws {
    let bench = SemanticBench()
    let first = await bench.ask("how to reset it")
    #expect(bench.trail(first) == "cache:miss semantic:miss attempt:answered store:stored")
    #expect(first.similarity == nil)
    bench.fixture.world.advance(by: .seconds(5))
    let second = await bench.ask("how do I reset it")
    #expect(bench.trail(second) == "cache:miss semantic:hit")
    #expect(second.cacheOutcome == .semantic)
    #expect(second.cost == .zero)
    #expect(second.ageSeconds == 5)
    #expect(second.answeredBy == ModelIndex(0))
    #expect(second.reply?.body == first.reply?.body)
    let similarity = try #require(second.similarity)
    #expect(similarity > 0.95 && similarity <= 1)
    #expect(bench.attempts == 1)
    #expect(bench.flights.isEmpty)
    #expect(bench.fixture.world.pendingCount == 0)
  }

  @Test("a hit is replayed as a stream to who asks for one")
  func streamedHit() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    let streamed = await bench.ask(
      "how do I reset it",
      more: #","stream":true,"stream_options":{"include_usage":true}"#
    )
    #expect(bench.trail(streamed) == "cache:miss semantic:hit")
    let text = String(decoding: streamed.reply?.body ?? [], as: UTF8.self)
    #expect(text.contains(#""content":"press the button""#))
    #expect(text.contains(#""total_tokens":2"#))
    #expect(text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test("an exact hit makes no vector, nor does a request for a new answer")
  func exactFirst() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    #expect(bench.embedder.count == 1)
    #expect(await bench.ask("how to reset it").cacheOutcome == .exact)
    let fresh = await bench.ask("how to reset it", fields: [("Cache-Control", "no-cache")])
    #expect(bench.trail(fresh) == "cache:refresh attempt:answered store:stored")
    #expect(bench.embedder.count == 1)
  }

  @Test("what stands against a hit is counted under its own name")
  func objections() async {
    let bench = SemanticBench()
    _ = await bench.ask("reset it in 2023")
    #expect(await bench.trail(bench.ask("reset it in 2024")).contains("semantic:miss"))
    #expect(await bench.trail(bench.ask("how to bake bread")).contains("semantic:miss"))
    #expect(await bench.trail(bench.ask("how to change it in 2023")).contains("semantic:miss"))
    #expect(bench.misses("numbers") == 1)
    #expect(bench.misses("nothing_near") == 2)
    #expect(bench.misses("score") == 1)
  }

  @Test(
    "a request that is not compared passes by, and the reason is counted",
    arguments: [
      (#"[{"role":"assistant","content":"x"}]"#, "no_user_turn"),
      (
        #"[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"user","content":"y"}]"#,
        "tool_calls"
      ),
      (
        #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]"#,
        "not_text_only"
      ),
      (#"[{"role":"user","content":"?!"}]"#, "empty"),
      (#"[{"role":"user","content":"\#(String(repeating: "long ", count: 410))"}]"#, "long"),
    ]
  )
  func bypass(messages: String, reason: String) async {
    let bench = SemanticBench()
    let exchange = await bench.ask(messages: messages)
    #expect(bench.trail(exchange) == "cache:miss semantic:bypass attempt:answered store:stored")
    #expect(bench.misses(reason) == 1)
    #expect(bench.embedder.count == 0)
  }

  @Test("a product without a semantic cache passes by")
  func otherProduct() async {
    let bench = SemanticBench()
    let exchange = await bench.ask("how to reset it", product: "plain")
    #expect(bench.trail(exchange) == "cache:miss semantic:bypass attempt:answered store:stored")
    #expect(bench.embedder.count == 0)
  }

  @Test(
    "a question that is not embedded is a miss, and its answer is kept all the same",
    arguments: [
      (EmbeddingFailure.busy, "busy"), (.late, "late"), (.tooLong, "too_long"),
      (.failed("the model failed"), "failed"),
    ]
  )
  func notEmbedded(failure: EmbeddingFailure, exit: String) async {
    let bench = SemanticBench()
    bench.embedder.fail(with: failure)
    let exchange = await bench.ask("how to reset it")
    #expect(bench.trail(exchange) == "cache:miss semantic:\(exit) attempt:answered store:stored")
    #expect(exchange.cacheOutcome == .miss)
    #expect(bench.misses(exit) == 1)
    #expect(await bench.ask("how to reset it").cacheOutcome == .exact)
  }

  @Test("an exchange waits no longer than the bound for what its question means")
  func deadline() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    #expect(bench.embedder.deadline == bench.start + Bounds.semanticMilliseconds * 1_000_000)
  }

  @Test("a full queue of look-ups is a miss")
  func fullQueue() async {
    let bench = SemanticBench(indexing: RefusingWorkers())
    let exchange = await bench.ask("how to reset it")
    #expect(bench.trail(exchange) == "cache:miss semantic:busy attempt:answered store:stored")
  }

  @Test("a look-up that takes too long is a miss, and is left out when its turn comes")
  func lateLookUp() async {
    let workers = HeldWorkers()
    let bench = SemanticBench(indexing: workers)
    let exchange = await bench.ask(
      "how to reset it",
      meanwhile: {
        await workers.untilHeld(1)
        bench.fixture.world.advance(by: .milliseconds(Bounds.semanticMilliseconds))
      }
    )
    #expect(exchange == "cache:miss semantic:late attempt:answered store:stored")
    workers.release()
    #expect(bench.product.observations == 0)
  }

  @Test("a client that leaves while its question is embedded leaves nothing behind")
  func clientLeaves() async {
    let bench = SemanticBench()
    let cancellation = Cancellation()
    bench.embedder.hold()
    let trail = await bench.ask(
      "how to reset it",
      cancellation: cancellation,
      meanwhile: {
        await bench.embedder.untilHeld()
        cancellation.cancel(.clientLeft)
      }
    )
    #expect(trail == "cache:miss semantic:gave_up refuse:refused")
    #expect(bench.flights.isEmpty)
    #expect(bench.attempts == 0)
  }

  // MARK: Freshness

  @Test("an answer that is invalidated while the near question is embedded is not given")
  func invalidationRaces() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    bench.embedder.hold()
    let trail = await bench.ask(
      "how do I reset it",
      meanwhile: {
        await bench.embedder.untilHeld()
        #expect(bench.cache.invalidate(.product("support")) == 1)
        bench.embedder.release()
      }
    )
    // Asked for before the invalidation was told, so that the new answer is not kept either.
    #expect(trail == "cache:miss semantic:miss attempt:answered store:kept_out")
    #expect(bench.attempts == 2)
  }

  @Test("an answer that is invalidated while the index is asked is not given")
  func invalidationRacesLookUp() async {
    let workers = HeldWorkers()
    let bench = SemanticBench(indexing: workers)
    workers.isHolding = false
    _ = await bench.ask("how to reset it")
    workers.isHolding = true
    let trail = await bench.ask(
      "how do I reset it",
      meanwhile: {
        await workers.untilHeld(1)
        _ = bench.cache.invalidate(.everything)
        workers.isHolding = false
        workers.release()
      }
    )
    #expect(trail == "cache:miss semantic:miss attempt:answered store:kept_out")
  }

  @Test("where all that is near has vanished, round after round, it is a miss of that name")
  func vanished() async {
    let one = SemanticBench(indexing: ForgetfulWorkers())
    _ = await one.ask("how to reset it")
    _ = one.cache.invalidate(.everything)
    let exchange = await one.ask("how do I reset it")
    #expect(one.trail(exchange) == "cache:miss semantic:vanished attempt:answered store:stored")
    #expect(one.misses("vanished") == 1)
  }

  @Test("an answer whose time has passed is not given")
  func expires() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    bench.fixture.world.advance(by: .seconds(60))
    let exchange = await bench.ask("how do I reset it")
    #expect(bench.trail(exchange) == "cache:miss semantic:miss attempt:answered store:stored")
  }

  // MARK: Scope and context

  @Test("users do not get each other's answers where the scope is the user")
  func scope() async {
    let bench = SemanticBench(scope: .user)
    _ = await bench.ask("how to reset it", user: "ada")
    #expect(await bench.ask("how do I reset it", user: "bob").cacheOutcome == .miss)
    #expect(await bench.ask("please reset it", user: "ada").cacheOutcome == .semantic)
  }

  @Test("another system prompt, temperature or tool is another context")
  func context() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    for more in [#","temperature":0.5"#, #","tools":[]"#, #","response_format":{"type":"text"}"#] {
      #expect(await bench.ask("how do I reset it", more: more).cacheOutcome == .miss)
    }
    let system = await bench.ask(
      messages: #"[{"role":"system","content":"s"},{"role":"user","content":"how do I reset it"}]"#
    )
    #expect(system.cacheOutcome == .miss)
    #expect(await bench.ask("please reset it").cacheOutcome == .semantic)
  }

  // MARK: What is kept

  @Test(
    "an answer that no other question could be given is not kept for one",
    arguments: [
      #"{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},"finish_reason":"tool_calls"}"#,
      #"{"message":{"role":"assistant","content":"a","refusal":"I will not"},"finish_reason":"stop"}"#,
      #"{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"},{"message":{"role":"assistant","content":"b"},"finish_reason":"stop"}"#,
    ]
  )
  func notForOthers(choices: String) async {
    let bench = SemanticBench(choices: choices)
    _ = await bench.ask("how to reset it")
    #expect(await bench.trail(bench.ask("how do I reset it")).hasPrefix("cache:miss semantic:miss"))
  }

  @Test("a cut answer, and one of a traced exchange, is not kept")
  func notKept() async {
    let cut = SemanticBench(isComplete: false)
    _ = await cut.ask("how to reset it")
    #expect(await cut.ask("how do I reset it").cacheOutcome == .miss)
    let traced = SemanticBench()
    let exchange = await traced.ask("how to reset it", isTraced: true)
    #expect(
      exchange.trail.steps.compactMap(\.remark).contains("nothing is near"),
      "\(exchange.trail.steps.map(\.remark))"
    )
    #expect(await traced.ask("how do I reset it").cacheOutcome == .miss)
  }

  // MARK: Flights

  @Test("those who wait with the same question get the leader's answer; only the leader embeds")
  func followers() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    bench.embedder.hold()
    let before = bench.embedder.count
    let outcomes = await bench.together("how do I reset it", count: 8)
    #expect(outcomes.allSatisfy { $0 == .semantic })
    #expect(bench.embedder.count == before + 1)
    #expect(bench.attempts == 1)
    #expect(bench.flights.isEmpty)
  }

  // MARK: Learning

  @Test("a fresh answer is compared with that of the near question, and the product learns")
  func learns() async {
    let bench = SemanticBench()
    _ = await bench.ask("how to reset it")
    _ = await bench.ask("how to change it")
    #expect(bench.comparisons("agree") == 1)
    #expect(bench.product.observations == 1)
    bench.say("turn it off, 5 times")
    _ = await bench.ask("how to swap it")
    #expect(bench.comparisons("differ") == 1)
    #expect(bench.product.observations == 2)
  }

  @Test("what a product has taught is found again by its name, until a policy is without it")
  func remembers() async {
    let bench = SemanticBench()
    #expect(bench.memory.memory(of: "support") === bench.product)
    bench.memory.follow(bench.fixture.policy)
    #expect(bench.memory.memory(of: "support") === bench.product)
    var without = bench.fixture.policy
    without.products = []
    bench.memory.follow(without)
    #expect(bench.memory.memory(of: "support") !== bench.product)
  }

  // MARK: Shadows

  private static let shadowed = ProductSettings.Semantic(
    threshold: 0.95,
    maxWrong: 0.01,
    shadow: ProductSettings.Semantic.Shadow(share: 1)
  )

  @Test("a hit is served, then asked for too, and the answers are compared and not kept")
  func shadow() async {
    let bench = SemanticBench(semantic: Self.shadowed)
    _ = await bench.ask("how to reset it")
    let hit = await bench.ask("how do I reset it")
    #expect(bench.trail(hit) == "cache:miss semantic:hit")
    await bench.background.emptied()
    #expect(bench.attempts == 2)
    #expect(bench.shadowTrails == ["attempt:answered store:kept_out"])
    #expect(bench.shadows(.agree) == 1)
    #expect(bench.memory.shadows.map(\.agrees) == [true])
    #expect(bench.memory.shadows.first?.product == "support")
    #expect(await bench.ask("how do I reset it").cacheOutcome == .semantic)
    #expect(bench.tightened.isEmpty)
  }

  @Test("wrong hits raise the bar until none is given; a person brings them back")
  func tightens() async throws {
    let bench = SemanticBench(semantic: Self.shadowed)
    _ = await bench.ask("how to reset it")
    bench.say("turn it off, 5 times")
    for _ in 0..<2 {
      #expect(await bench.ask("how do I reset it").cacheOutcome == .semantic)
      await bench.background.emptied()
    }
    #expect(bench.shadows(.differ) == 2)
    let events = bench.tightened
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.product == "support" && event.from == 0.95 && event.to == nil)
    #expect(event.wrong == 2 && event.judged == 2)
    #expect(bench.product.point?.isTightened == true)
    // It is asked, and its answer kept under its own key.
    #expect(await bench.ask("how do I reset it").cacheOutcome == .miss)
    #expect(bench.misses("tightened") == 1)
    // The same policy again changes nothing.
    bench.memory.follow(bench.fixture.policy)
    #expect(await bench.ask("please reset it").cacheOutcome == .miss)
    #expect(bench.product.reset()?.bar == nil)
    #expect(await bench.ask("how do you reset it").cacheOutcome == .semantic)
  }

  @Test("other terms in a policy loosen what shadows have tightened")
  func otherTerms() async {
    let bench = SemanticBench(semantic: Self.shadowed)
    _ = await bench.ask("how to reset it")
    bench.say("turn it off, 5 times")
    for _ in 0..<2 {
      _ = await bench.ask("how do I reset it")
      await bench.background.emptied()
    }
    #expect(bench.product.point?.bar == nil)
    var policy = bench.fixture.policy
    policy.products[0].cache?.semantic?.maxWrong = 0.02
    bench.memory.follow(policy)
    #expect(bench.product.point?.bar == 0.95)
  }

  @Test("without a share of wrong hits, shadows measure and tighten nothing")
  func measuresOnly() async {
    var semantic = Self.shadowed
    semantic.maxWrong = nil
    let bench = SemanticBench(semantic: semantic)
    _ = await bench.ask("how to reset it")
    bench.say("turn it off, 5 times")
    for _ in 0..<8 {
      #expect(await bench.ask("how do I reset it").cacheOutcome == .semantic)
      await bench.background.emptied()
    }
    #expect(bench.product.point?.estimate.wrong == 8)
    #expect(bench.product.point?.isTightened == false)
  }

  @Test("an answer that cannot be compared counts as failed, not as wrong")
  func notCompared() async {
    let bench = SemanticBench(semantic: Self.shadowed)
    _ = await bench.ask("how to reset it")
    bench.say("")
    for _ in 0..<4 {
      _ = await bench.ask("how do I reset it")
      await bench.background.emptied()
    }
    #expect(bench.shadows(.failed) == 4)
    #expect(bench.product.point?.estimate.judged == 0)
    #expect(await bench.ask("how do I reset it").cacheOutcome == .semantic)
  }

  @Test("where too many run already the hit is served all the same, and counted")
  func noRoom() async {
    let bench = SemanticBench(semantic: Self.shadowed, backgroundBound: 0)
    _ = await bench.ask("how to reset it")
    #expect(await bench.ask("how do I reset it").cacheOutcome == .semantic)
    #expect(bench.shadows(.full) == 1)
    #expect(bench.attempts == 1)
  }

  @Test("a question is always one of the sample, or never")
  func sticky() async {
    var semantic = Self.shadowed
    semantic.shadow?.share = 0.3
    let bench = SemanticBench(semantic: semantic)
    _ = await bench.ask("how to reset it")
    var seen: [[Bool]] = []
    for letter in "abcdefghijklmnopqrstuvwxyz" {
      var sampled: [Bool] = []
      for _ in 0..<2 {
        let before = bench.attempts
        #expect(await bench.ask("how do I reset \(letter) and that").cacheOutcome == .semantic)
        await bench.background.emptied()
        sampled.append(bench.attempts > before)
      }
      seen.append(sampled)
    }
    #expect(seen.allSatisfy { $0[0] == $0[1] })
    #expect((2...15).contains(seen.count { $0[0] }))
  }

  @Test("what a product has taught outlives the process, unless it is torn or another encoder's")
  func outlives() async throws {
    let states = States()
    let bench = SemanticBench(kept: states.kept)
    // The first is kept at once, the second with the end of the process.
    _ = await bench.ask("how to reset it")
    _ = await bench.ask("how to change it")
    #expect(bench.product.observations == 1)
    bench.memory.writeOut()
    let bytes = try #require(states.bytes("semantic evidence support"))
    #expect(SemanticBench(kept: states.kept).product.observations == 1)
    for damage: (inout [UInt8]) -> Void in [
      { $0.removeLast() }, { $0.removeLast(8) }, { $0 = [] }, { $0[0] ^= 1 }, { $0[32] ^= 2 },
    ] {
      var damaged = bytes
      damage(&damaged)
      states.put(damaged)
      #expect(SemanticBench(kept: states.kept).product.observations == 0)
    }
  }

  @Test("what is learnt is read as it was written, words and all")
  func written() {
    var learnt = Learnt()
    for number in 0..<300 { learnt.traffic.add(["reset", "word\(number)", "lake\(number % 7)"]) }
    for support in 0..<3 {
      let judgement = Verifier.Judgement(neighbour: 1, cosine: 0.9, score: 0.8, support: support)
      learnt.evidence.observe(judgement, agrees: support != 1)
    }
    let encoder = Digest(of: [1])
    #expect(Learnt(bytes: learnt.bytes(of: encoder), of: encoder) == learnt)
    #expect(Learnt(bytes: learnt.bytes(of: encoder), of: Digest(of: [2])) == nil)
  }

  @Test(
    "what is learnt is written at most once in a while, and no more once a policy is without it"
  )
  func keepsSeldom() async {
    let states = States()
    let bench = SemanticBench(kept: states.kept)
    for number in 0..<4 { await bench.compare(in: number) }
    #expect(bench.product.observations == 4)
    #expect(states.writes == 1)
    bench.fixture.world.advance(by: .milliseconds(Bounds.learntKeepingMilliseconds))
    await bench.compare(in: 4)
    #expect(states.writes == 2)
    bench.memory.follow(Policy())
    #expect(states.bytes("semantic evidence support") == [])
  }

  // MARK: Who decides

  @Test(
    "with a threshold alone a person's bar decides; where a share is declared, answers may object",
    arguments: [(nil, "semantic:hit"), (0.01, "semantic:miss")] as [(Double?, String)]
  )
  func whoDecides(maxWrong: Double?, exit: String) async {
    let bench = SemanticBench(
      semantic: ProductSettings.Semantic(threshold: 0.95, maxWrong: maxWrong)
    )
    _ = await bench.ask("how to reset it")
    for number in 0..<20 {
      bench.say("press the button")
      await bench.compare(in: number, answering: "turn it off, \(number + 2) times")
    }
    #expect(bench.product.observations == 20)
    #expect(await bench.trail(bench.ask("how do I reset it")).contains(exit))
    #expect(bench.misses("doubt") == (maxWrong == nil ? 0 : 1))
  }
}

/// What outlives a process.
private final class States: Sendable {
  private let state = Mutex<(slots: [String: [UInt8]], writes: Int)>(([:], 0))
  var kept: KeptStates {
    KeptStates(
      read: { name in self.bytes(name) },
      write: { name, bytes in
        self.state.withLock {
          $0.slots[name] = bytes
          $0.writes += 1
        }
      }
    )
  }
  var writes: Int { state.withLock { $0.writes } }
  func bytes(_ name: String) -> [UInt8]? { state.withLock { $0.slots[name] } }
  func put(_ bytes: [UInt8]) {
    state.withLock { $0.slots["semantic evidence support"] = bytes }
  }
}

/// A graph of both caches, attempt and store, and what it is connected to.
private final class SemanticBench: Sendable {
  let fixture: Fixture
  let cache = EmbeddedReplyCache()
  let followers = Gauge()
  let flights: FlightTable
  let embedder = FakeEmbedder()
  let memory: SemanticMemory
  let product: ProductMemory
  let start: Int64
  let background: BackgroundExchanges
  private let metrics: MetricsRegistry
  private let graph: Graph
  private let attempt: FakeAttempt
  private let ended: Ended

  /// The walks of exchanges without a client.
  private final class Ended: Sendable {
    let tightened = Mutex<[SemanticTightened]>([])
    let trails = Mutex<[String]>([])
  }

  var tightened: [SemanticTightened] { ended.tightened.withLock { $0 } }
  var shadowTrails: [String] { ended.trails.withLock { $0 } }
  func shadows(_ result: ShadowResult) -> Int64 {
    metrics.semanticShadows["support", result.rawValue].value
  }

  var attempts: Int { attempt.count }

  init(
    scope: ProductSettings.Scope = .product,
    indexing: any Workers = WorkInPlace(),
    choices: String? = nil,
    isComplete: Bool = true,
    semantic: ProductSettings.Semantic = ProductSettings.Semantic(threshold: 0.95),
    backgroundBound: Int = Bounds.backgroundExchanges,
    kept: KeptStates = .none
  ) {
    let metrics = MetricsRegistry()
    let ended = Ended()
    self.metrics = metrics
    self.ended = ended
    background = BackgroundExchanges(
      metrics: metrics,
      bound: backgroundBound,
      ended: { exchange, _ in
        let trail = exchange.trail.line(in: exchange.generation.graph)
        ended.trails.withLock { $0.append(trail) }
      }
    )
    let settings = ProductSettings.Cache(scope: scope, ttl: .seconds(60), semantic: semantic)
    var fixture = Fixture()
    fixture.policy.products = [ProductSettings(name: "support", cache: settings)]
    fixture.policy.models = [
      ModelSettings(name: "small", upstream: "u", upstreamName: "s", context: 1_000, maxOutput: 100)
    ]
    self.fixture = fixture
    start = fixture.world.now.monotonic
    flights = FlightTable(followers: followers)
    memory = SemanticMemory(
      embedder: embedder,
      index: EmbeddedVectorIndex(dimension: embedder.dimension),
      indexing: indexing,
      learning: WorkInPlace(),
      metrics: metrics,
      kept: kept,
      tightened: { event in ended.tightened.withLock { $0.append(event) } }
    )
    memory.follow(fixture.policy)
    product = memory.memory(of: "support")
    attempt = FakeAttempt(choices: choices, isComplete: isComplete)
    let exact = ExactCacheStage.Rules(settings, key: nil)
    var builder = GraphBuilder()
    builder.add(
      .cache,
      "cache",
      place: .builtIn,
      waiting: ExactCacheStage(
        rules: ["support": exact, "plain": exact],
        cache: cache,
        flights: flights,
        errors: Counter()
      ),
      exits: [
        "hit": nil, "stale": nil, "miss": "semantic", "refresh": "attempt", "bypass": "attempt",
        "gave_up": "refuse",
      ]
    )
    var exits: [String: String?] = ["hit": nil, "gave_up": "refuse"]
    for exit in ["miss", "bypass", "busy", "late", "too_long", "failed", "vanished"] {
      exits[exit] = "attempt"
    }
    builder.add(
      .semantic,
      "semantic",
      place: .builtIn,
      waiting: SemanticCacheStage(
        rules: [
          "support": SemanticCacheStage.Rules(
            semantic,
            exact: exact,
            product: "support",
            memory: memory
          )
        ],
        cache: cache,
        shadows: BackgroundEntry(background, at: "attempt"),
        metrics: metrics
      ),
      exits: exits
    )
    builder.add(
      .refuse,
      "refuse",
      place: .builtIn,
      stage: RefuseStage(),
      exits: ["refused": nil]
    )
    builder.add(
      .attempt,
      "attempt",
      place: .builtIn,
      waiting: attempt,
      exits: ["answered": "store"]
    )
    builder.add(
      .store,
      "store",
      place: .builtIn,
      stage: StoreStage(cache: cache),
      exits: ["stored": nil, "kept_out": nil]
    )
    builder.enter(.chat, at: "cache")
    builder.enterBackground(at: "attempt")
    graph = builder.build { _, _ in Counter() }
  }

  func ask(
    _ text: String = "",
    messages: String? = nil,
    more: String = "",
    product: String = "support",
    user: String = "ada",
    fields: [(String, String)] = [],
    cancellation: Cancellation = Cancellation(),
    isTraced: Bool = false
  ) async -> Exchange {
    let messages = messages ?? #"[{"role":"user","content":"\#(text)"}]"#
    let exchange = fixture.exchange(
      graph,
      fields: fields,
      body: #"{"model":"auto","messages":\#(messages)\#(more)}"#,
      caller: Caller(
        keyID: "k",
        tenant: "acme",
        user: user,
        product: product,
        address: HostAddress(ipv4: 1)
      ),
      cancellation: cancellation,
      isTraced: isTraced
    )
    exchange.facts.asked = try? .init(exchange.request.body)
    exchange.primary = ModelIndex(0)
    exchange.target = "fast"
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  /// Asks while something else happens; the trail.
  @discardableResult
  func ask(
    _ text: String,
    cancellation: Cancellation = Cancellation(),
    meanwhile act: () async -> Void
  ) async -> String {
    let task = Task { await self.trail(self.ask(text, cancellation: cancellation)) }
    await act()
    return await task.value
  }

  /// Asks the same so often at once, the embedder holding the first until the others wait.
  func together(_ text: String, count: Int) async -> [CacheOutcome] {
    let tasks = (0..<count).map { _ in Task { await self.ask(text).cacheOutcome } }
    while followers.value != Int64(count - 1) { await Task.yield() }
    await embedder.untilHeld()
    embedder.release()
    var outcomes: [CacheOutcome] = []
    for task in tasks { outcomes.append(await task.value) }
    return outcomes
  }

  func say(_ text: String) { attempt.say(text) }

  /// Has the answers to two questions compared, in a context of its own.
  func compare(in context: Int, answering text: String? = nil) async {
    let more = #","seed":\#(context)"#
    _ = await ask("how to reset it", more: more)
    if let text { say(text) }
    _ = await ask("how to change it", more: more)
  }
  func trail(_ exchange: Exchange) -> String { exchange.trail.line(in: graph) }
  func misses(_ reason: String) -> Int64 { metrics.semanticMisses["support", reason].value }
  func comparisons(_ result: String) -> Int64 {
    metrics.semanticComparisons["support", result].value
  }
}

/// Makes vectors of two floats: questions about a reset lie together, a change a little apart, all
/// else far away.
private final class FakeEmbedder: Embedder {
  private struct State {
    var count = 0
    var deadline: Int64 = 0
    var failure: EmbeddingFailure?
    var isHolding = false
    var held: OneShot<EmbeddingFailure?>?
  }
  private let state = Mutex(State())

  let dimension = 2
  let tokenLimit = 256
  var fingerprint: Digest { Digest(of: []) }

  var count: Int { state.withLock { $0.count } }
  var deadline: Int64 { state.withLock { $0.deadline } }

  func fail(with failure: EmbeddingFailure?) { state.withLock { $0.failure = failure } }
  /// Keeps the next text waiting.
  func hold() { state.withLock { $0.isHolding = true } }
  func untilHeld() async { while state.withLock({ $0.held }) == nil { await Task.yield() } }
  func release() { state.withLock { $0.held }?.send(nil) }

  func embed(
    _ text: String,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async throws(EmbeddingFailure) -> Meaning {
    let (failure, held) = state.withLock {
      state -> (EmbeddingFailure?, OneShot<EmbeddingFailure?>?) in
      state.count += 1
      state.deadline = deadline
      if state.isHolding {
        state.isHolding = false
        state.held = OneShot()
        return (state.failure, state.held)
      }
      return (state.failure, nil)
    }
    if let held {
      let link = cancellation.onCancel { held.send(.cancelled($0)) }
      let end = await held.value()
      cancellation.remove(link)
      if let end { throw end }
    }
    if let failure { throw failure }
    return Meaning(vector: try vector(of: text), words: [])
  }

  func vector(of text: String) throws(EmbeddingFailure) -> [Float] {
    if text.contains("change") { return [0.8, 0.6] }
    if text.contains("swap") { return [0.8, -0.6] }
    if text.contains("bread") { return [0, 1] }
    // The cosine of two of them is 0.995.
    return text.hasPrefix("how do") ? [0.995, 0.0998749] : [1, 0]
  }
}

/// Refuses all work.
private struct RefusingWorkers: Workers {
  func start(_ work: @escaping @Sendable () -> Void) -> Bool { false }
}

/// Does each piece but the third, which is the first removal in the test that uses it, and those
/// behind it that remove too.
private final class ForgetfulWorkers: Workers {
  private let count = Mutex(0)
  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    let number = count.withLock { count in
      count += 1
      return count
    }
    // 1: a look-up, 2: an insertion, then a look-up and a removal in turn.
    if number <= 2 || !number.isMultiple(of: 2) { work() }
    return true
  }
}

/// Keeps work until it is released.
private final class HeldWorkers: Workers {
  private let state = Mutex<(isHolding: Bool, held: [@Sendable () -> Void])>((true, []))

  var isHolding: Bool {
    get { state.withLock { $0.isHolding } }
    set { state.withLock { $0.isHolding = newValue } }
  }

  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    let isHeld = state.withLock { state in
      if state.isHolding { state.held.append(work) }
      return state.isHolding
    }
    if !isHeld { work() }
    return true
  }

  func untilHeld(_ count: Int) async {
    while state.withLock({ $0.held.count }) < count { await Task.yield() }
  }

  func release() {
    let held = state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    for work in held { work() }
  }
}

/// An upstream that answers what it is told to.
private final class FakeAttempt: WaitingStage {
  private enum Exit: Int, StageExit { case answered }
  let exits = Exit.names
  private let isComplete: Bool
  private let state: Mutex<(count: Int, choices: String)>

  init(choices: String?, isComplete: Bool) {
    self.isComplete = isComplete
    state = Mutex((0, choices ?? Self.choice("press the button")))
  }

  var count: Int { state.withLock { $0.count } }
  func say(_ text: String) { state.withLock { $0.choices = Self.choice(text) } }

  private static func choice(_ text: String) -> String {
    #"{"index":0,"message":{"role":"assistant","content":"\#(text)"},"finish_reason":"stop"}"#
  }

  func decide(_ exchange: Exchange) async -> ExitIndex {
    let choices = state.withLock { state in
      state.count += 1
      return state.choices
    }
    let body = Array(
      #"{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[\#(choices)],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#
        .utf8
    )
    exchange.attempts += 1
    exchange.answeredBy = ModelIndex(0)
    exchange.answer = WholeAnswer(body: body, isComplete: isComplete)
    exchange.outcome = .reply(Reply(status: 200, body: body))
    return Exit.answered.index
  }
}
