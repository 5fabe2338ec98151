import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Synchronization
import Testing

@Suite("Cache nodes", .timeLimit(.minutes(1)))
struct CacheStageTests {
  @Test("the second equal question is answered from the cache, for nothing, with its age")
  func hit() async {
    let bench = CacheBench()
    let first = await bench.ask("hi")
    #expect(bench.trail(first) == "cache:miss attempt:answered store:stored")
    #expect(first.cacheOutcome == .miss)
    bench.fixture.world.advance(by: .milliseconds(5_900))
    let second = await bench.ask("hi")
    #expect(bench.trail(second) == "cache:hit")
    #expect(second.cacheOutcome == .exact)
    #expect(second.cost == .zero)
    #expect(second.ageSeconds == 5)
    #expect(second.answeredBy == ModelIndex(0))
    #expect(second.reply?.body == first.reply?.body)
    #expect(second.replyFields.pairs.contains { $0.name == "age" && $0.value == "5" })
    #expect(bench.attempts == 1)
  }

  @Test("a stream is answered as a stream, with the same key as a plain request")
  func streamedHit() async {
    let bench = CacheBench()
    _ = await bench.ask("hi")
    let streamed = await bench.ask("hi", more: #","stream":true"#)
    #expect(bench.trail(streamed) == "cache:hit")
    #expect(streamed.reply?.contentType == "text/event-stream")
    let text = String(decoding: streamed.reply?.body ?? [], as: UTF8.self)
    #expect(text.contains(#""content":"answer""#))
    #expect(text.hasSuffix("data: [DONE]\n\n"))
  }

  @Test("an answer is gone when its time has passed")
  func expires() async {
    let bench = CacheBench()
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(60))
    #expect(await bench.trail(bench.ask("hi")) == "cache:miss attempt:answered store:stored")
  }

  @Test("users do not see each other's answers where the scope is the user")
  func scope() async {
    let bench = CacheBench(scope: .user)
    _ = await bench.ask("hi", user: "ada")
    #expect(await bench.ask("hi", user: "bob").cacheOutcome == .miss)
    #expect(await bench.ask("hi", user: "ada").cacheOutcome == .exact)
  }

  @Test("no-store neither reads nor writes; no-cache writes")
  func cacheControl() async {
    let bench = CacheBench()
    let noStore = await bench.ask("hi", fields: [("Cache-Control", "max-age=0, No-Store")])
    #expect(bench.trail(noStore) == "cache:bypass attempt:answered store:kept_out")
    #expect(noStore.cacheOutcome == .bypass)
    #expect(await bench.ask("hi").cacheOutcome == .miss)
    let refreshed = await bench.ask("hi", fields: [("Cache-Control", "no-cache")])
    #expect(bench.trail(refreshed) == "cache:refresh attempt:answered store:stored")
    #expect(await bench.ask("hi").cacheOutcome == .exact)
    #expect(bench.attempts == 3)
  }

  @Test("a product without a cache, and no product, bypass")
  func bypass() async {
    let bench = CacheBench()
    for product in ["", "other"] {
      let exchange = await bench.ask("hi", product: product)
      #expect(bench.trail(exchange) == "cache:bypass attempt:answered store:kept_out")
      #expect(exchange.cacheOutcome == .bypass)
    }
  }

  @Test("a key of the policy is part of the name; one without a value bypasses and is counted")
  func policyKey() async {
    let bench = CacheBench(key: #"headers["x-region"]"#)
    let eu = [("X-Region", "eu")]
    #expect(await bench.ask("hi", fields: eu).cacheOutcome == .miss)
    #expect(await bench.ask("hi", fields: eu).cacheOutcome == .exact)
    #expect(await bench.ask("hi", fields: [("X-Region", "us")]).cacheOutcome == .miss)
    #expect(await bench.ask("hi").cacheOutcome == .bypass)
    #expect(bench.errors.value == 1)
  }

  @Test("an answer has the tags of the policy and of the caller, and any of them names it")
  func tags() async {
    let tagging = #"["catalog", "region:" + headers["x-region"]]"#
    for (tag, isNamed) in [
      ("catalog", true), ("region:eu", true), ("beta", true), ("region:us", false),
    ] {
      let bench = CacheBench(tagging: tagging)
      _ = await bench.ask("hi", fields: [("X-Region", "eu")], cacheTags: ["beta", "catalog"])
      #expect(bench.cache.invalidate(.tag(tag)) == (isNamed ? 1 : 0), "\(tag)")
    }
    let bench = CacheBench(tags: ["handbook"])
    _ = await bench.ask("hi", cacheTags: ["beta"])
    #expect(bench.cache.invalidate(.tag("beta")) == 1)
    _ = await bench.ask("hi")
    #expect(bench.cache.invalidate(.tag("handbook")) == 1)
  }

  @Test(
    "an answer whose tags have no value is not kept, and that is counted",
    arguments: [
      #"[headers["x-region"]]"#, #"["not a tag"]"#, #"["a", ""]"#,
      #"prompt.text.split("").map(c, c + string(size(prompt.text))) + ["1", "2", "3", "4"]"#,
    ]
  )
  func tagsWithoutValue(tagging: String) async {
    let bench = CacheBench(tagging: tagging)
    let exchange = await bench.ask("abcdefghijklm")
    #expect(bench.trail(exchange) == "cache:bypass attempt:answered store:kept_out")
    #expect(exchange.cacheOutcome == .bypass)
    #expect(exchange.cacheKey == nil)
    #expect(bench.errors.value == 1)
    #expect(bench.flights.isEmpty)
    #expect(bench.cache.usage.entries == 0)
  }

  @Test("answers stored together expire apart, each by its key, and none after its TTL")
  func expirySpread() {
    let ttl: Int64 = 1_000_000
    let keys = (0..<1_000).map { Digest(of: Array("key \($0)".utf8)) }
    let lifetimes = keys.map { ExpirySpread.lifetime(of: $0, ttl: ttl) }
    let least = ttl - ttl * Bounds.expirySpreadPercent / 100
    #expect(lifetimes.allSatisfy { (least...ttl).contains($0) })
    #expect(lifetimes == keys.map { ExpirySpread.lifetime(of: $0, ttl: ttl) })
    // In every tenth of the spread some, and nowhere most.
    var tenths = [Int](repeating: 0, count: 10)
    for lifetime in lifetimes {
      tenths[min(9, Int((ttl - lifetime) * 10 / (ttl - least + 1)))] += 1
    }
    #expect(tenths.allSatisfy { (60...150).contains($0) }, "\(tenths)")
    #expect(ExpirySpread.lifetime(of: keys[0], ttl: .max) > 0)
    #expect(ExpirySpread.lifetime(of: keys[0], ttl: 1) == 1)
  }

  @Test("an answer is fresh for its lifetime, which its age does not show")
  func spreadInPlace() async {
    let bench = CacheBench()
    let first = await bench.ask("hi")
    guard let key = first.cacheKey else {
      Issue.record("no key")
      return
    }
    let lifetime = ExpirySpread.lifetime(of: key, ttl: 60_000_000_000)
    #expect(lifetime < 60_000_000_000)
    bench.fixture.world.advance(by: .nanoseconds(lifetime - 1))
    let hit = await bench.ask("hi")
    #expect(hit.cacheOutcome == .exact)
    #expect(hit.ageSeconds == (lifetime - 1) / 1_000_000_000)
    bench.fixture.world.advance(by: .nanoseconds(1))
    #expect(await bench.ask("hi").cacheOutcome == .miss)
  }

  // MARK: Revalidation

  @Test("what expired a moment ago is served at once, marked, and asked for anew in the background")
  func revalidates() async {
    let bench = CacheBench(staleWhileRevalidate: .seconds(30))
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(61))
    let stale = await bench.ask("hi")
    #expect(bench.trail(stale) == "cache:stale")
    #expect(stale.cacheOutcome == .stale)
    #expect(stale.ageSeconds == 61)
    #expect(stale.cost == .zero)
    await bench.background.emptied()
    #expect(bench.attempts == 2)
    #expect(bench.ended.all == ["attempt:answered store:stored"])
    let fresh = await bench.ask("hi")
    #expect(fresh.cacheOutcome == .exact)
    #expect(fresh.ageSeconds == 0)
    #expect(bench.flights.isEmpty)
  }

  @Test("one background exchange at a time asks for an answer; all get the old one meanwhile")
  func revalidatesOnce() async {
    let bench = CacheBench(isGated: true, staleWhileRevalidate: .seconds(30))
    bench.gate.open(.answer)
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(61))
    for _ in 0..<5 { #expect(await bench.ask("hi").cacheOutcome == .stale) }
    await bench.untilAttempts(are: 2)
    #expect(bench.background.count == 1)
    // One that fails leaves the old answer where it was, and the next who asks has it tried again.
    bench.gate.open(.fail)
    await bench.background.emptied()
    #expect(await bench.ask("hi").cacheOutcome == .stale)
    bench.gate.open(.answer)
    await bench.background.emptied()
    #expect(bench.attempts == 3)
    #expect(await bench.ask("hi").cacheOutcome == .exact)
  }

  @Test("behind the time for it, an old answer is not served")
  func revalidationEnds() async {
    let bench = CacheBench(staleWhileRevalidate: .seconds(30))
    let first = await bench.ask("hi")
    let lifetime = first.cacheKey.map { ExpirySpread.lifetime(of: $0, ttl: 60_000_000_000) } ?? 0
    bench.fixture.world.advance(by: .nanoseconds(lifetime + 30_000_000_000))
    #expect(await bench.trail(bench.ask("hi")) == "cache:miss attempt:answered store:stored")
    #expect(bench.ended.all == [])
  }

  @Test("a client that asks for a new answer waits for it")
  func noCacheWaits() async {
    let bench = CacheBench(staleWhileRevalidate: .seconds(30))
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(61))
    let exchange = await bench.ask("hi", fields: [("Cache-Control", "no-cache")])
    #expect(bench.trail(exchange) == "cache:refresh attempt:answered store:stored")
  }

  @Test("where no more may run in the background, the old answer is served and nothing asked")
  func backgroundFull() async {
    let bench = CacheBench(staleWhileRevalidate: .seconds(30), backgroundBound: 0)
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(61))
    #expect(await bench.ask("hi").cacheOutcome == .stale)
    #expect(bench.attempts == 1)
    #expect(bench.flights.isEmpty)
    #expect(bench.metrics.backgroundExchanges["refresh", "full"].value == 1)
    bench.background.close()
    #expect(await bench.ask("hi").cacheOutcome == .stale)
    #expect(bench.metrics.backgroundRunning.value == 0)
  }

  @Test("a traced exchange has nothing asked in the background")
  func tracedRevalidation() async {
    let bench = CacheBench(staleWhileRevalidate: .seconds(30))
    _ = await bench.ask("hi")
    bench.fixture.world.advance(by: .seconds(61))
    #expect(await bench.ask("hi", isTraced: true).cacheOutcome == .stale)
    await bench.background.emptied()
    #expect(bench.attempts == 1)
  }

  @Test(
    "who asks behind an acknowledged invalidation never gets an answer from before, on any thread",
    arguments: ["product", "tag", "everything"]
  )
  func invalidationUnderLoad(selection: String) async {
    let progress = Progress()
    let bench = CacheBench(tags: ["catalog"]) {
      "v\(progress.version.load(ordering: .sequentiallyConsistent))"
    }
    let selection: CacheSelection =
      switch selection {
      case "product": .product("support")
      case "tag": .tag("catalog")
      default: .everything
      }
    await withTaskGroup(of: Void.self) { group in
      for asker in 0..<4 {
        group.addTask {
          var hits = 0
          while !progress.isDone.load(ordering: .relaxed) {
            let least = progress.acknowledged.load(ordering: .sequentiallyConsistent)
            let question = "q\((hits + asker) % 3)"
            let exchange = await bench.ask(question)
            hits += 1
            let said = exchange.reply.flatMap { bench.version(in: $0.body) }
            #expect(said ?? -1 >= least)
            await Task.yield()
          }
        }
      }
      group.addTask {
        for round in 1...300 {
          progress.version.store(round, ordering: .sequentiallyConsistent)
          _ = bench.cache.invalidate(selection)
          progress.acknowledged.store(round, ordering: .sequentiallyConsistent)
          for _ in 0..<4 { await Task.yield() }
        }
        progress.isDone.store(true, ordering: .relaxed)
      }
    }
    #expect(bench.flights.isEmpty)
  }

  @Test(
    "what is cut, or comes from a fallback, is kept out",
    arguments: [
      Answer(isComplete: false), Answer(model: ModelIndex(1)),
    ]
  )
  fileprivate func keptOut(answer: Answer) async {
    let bench = CacheBench(answer: answer)
    #expect(await bench.trail(bench.ask("hi")) == "cache:miss attempt:answered store:kept_out")
    #expect(await bench.ask("hi").cacheOutcome == .miss)
    #expect(bench.flights.isEmpty)
  }

  @Test("a fallback's answer is kept where the policy says so")
  func storeFallbacks() async {
    let bench = CacheBench(answer: Answer(model: ModelIndex(1)), storeFallbacks: true)
    _ = await bench.ask("hi")
    let hit = await bench.ask("hi")
    #expect(hit.cacheOutcome == .exact)
    #expect(hit.answeredBy == ModelIndex(1))
  }

  @Test("a traced exchange looks, but neither leads nor stores")
  func traced() async {
    let bench = CacheBench()
    let exchange = await bench.ask("hi", isTraced: true)
    #expect(bench.trail(exchange) == "cache:miss attempt:answered store:kept_out")
    #expect(bench.flights.isEmpty)
  }

  // MARK: One flight

  @Test("of many equal questions at once one asks, and the others get its answer for nothing")
  func oneFlight() async {
    let bench = CacheBench(isGated: true)
    await bench.together(count: 20) {
      await bench.untilFollowers(are: 19)
      #expect(bench.attempts == 1)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.count { $0.cache == .miss } == 1)
      #expect(outcomes.count { $0.cache == .exact && $0.cost == .zero } == 19)
    }
    #expect(bench.attempts == 1)
    #expect(bench.flights.isEmpty)
    #expect(bench.followers.value == 0)
    #expect(bench.fixture.world.pendingCount == 0)
  }

  @Test("when the leader stores nothing, followers lead one after another")
  func promotion() async {
    let bench = CacheBench(isGated: true)
    await bench.together(count: 4) {
      await bench.untilFollowers(are: 3)
      bench.gate.open(.fail)
      await bench.untilFollowers(are: 2)
      bench.gate.open(.fail)
      await bench.untilFollowers(are: 1)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.count { $0.cache == .exact } == 1)
    }
    #expect(bench.attempts == 3)
    #expect(bench.flights.isEmpty)
  }

  @Test("a follower waits no longer than its own deadline")
  func deadline() async {
    let bench = CacheBench(isGated: true)
    await bench.together(count: 3) {
      await bench.untilFollowers(are: 2)
      bench.fixture.world.advance(by: .seconds(60))
      await bench.untilFollowers(are: 0)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.count { $0.refusal == .deadlineExceeded } == 2)
    }
    #expect(bench.flights.isEmpty)
  }

  @Test("a follower whose client leaves stops waiting, and nothing is left of it")
  func clientLeaves() async {
    let bench = CacheBench(isGated: true)
    let cancellation = Cancellation()
    await bench.together(count: 2, cancellation: cancellation) {
      await bench.untilFollowers(are: 1)
      cancellation.cancel(.clientLeft)
      await bench.untilFollowers(are: 0)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.count { $0.isAbandoned } == 1)
    }
    #expect(bench.flights.isEmpty)
    #expect(bench.fixture.world.pendingCount == 0)
  }

  @Test("a leader can see whether others wait for its answer")
  func hasFollowers() async {
    let bench = CacheBench(isGated: true)
    await bench.together(count: 2) {
      await bench.untilFollowers(are: 1)
      #expect(bench.leader?.hasFollowers == true)
      bench.gate.open(.answer)
    } then: { _ in
      #expect(bench.leader?.hasFollowers == false)
    }
  }

  @Test("an answer that was invalidated while it was asked for serves no follower")
  func invalidatedInFlight() async {
    let bench = CacheBench(isGated: true)
    await bench.together(count: 2) {
      await bench.untilFollowers(are: 1)
      _ = bench.cache.invalidate(.product("support"))
      bench.gate.open(.answer)
      await bench.untilFollowers(are: 0)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.allSatisfy { $0.cache == .miss })
    }
    #expect(bench.attempts == 2)
  }

  @Test("beyond the bound of followers, exchanges ask for themselves")
  func alone() async {
    let bench = CacheBench(isGated: true, followerBound: 1)
    await bench.together(count: 4) {
      await bench.untilAttempts(are: 3)
      bench.gate.open(.answer)
      bench.gate.open(.answer)
      bench.gate.open(.answer)
    } then: { outcomes in
      #expect(outcomes.count { $0.cache == .miss } == 3)
      #expect(outcomes.count { $0.cache == .exact } == 1)
    }
    #expect(bench.flights.isEmpty)
  }
}

/// The trails of background exchanges, in the order of their ends.
private final class Trails: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// How far a race is.
private final class Progress: Sendable {
  let version = Atomic<Int>(0)
  let acknowledged = Atomic<Int>(0)
  let isDone = Atomic<Bool>(false)
}

/// What the fake attempt answers.
private struct Answer: Sendable, CustomTestStringConvertible {
  var isComplete = true
  var model = ModelIndex(0)
  var testDescription: String { "complete \(isComplete), model \(model.position)" }
}

/// A graph of cache, attempt and store, and what it is connected to.
private final class CacheBench: Sendable {
  let fixture: Fixture
  let cache = EmbeddedReplyCache()
  let followers = Gauge()
  let flights: FlightTable
  let errors = Counter()
  let gate: Gate
  let metrics = MetricsRegistry()
  let background: BackgroundExchanges
  let ended = Trails()
  private let graph: Graph
  private let attempt: FakeAttempt

  var attempts: Int { attempt.count }
  var leader: (any LeadingFlight)? { attempt.leader }

  init(
    scope: ProductSettings.Scope = .product,
    key: String? = nil,
    tags: [String] = [],
    tagging: String? = nil,
    answer: Answer = Answer(),
    storeFallbacks: Bool = false,
    isGated: Bool = false,
    followerBound: Int = Bounds.flightFollowers,
    staleWhileRevalidate: Duration? = nil,
    backgroundBound: Int = Bounds.backgroundExchanges,
    saying text: @escaping @Sendable () -> String = { "answer" }
  ) {
    var fixture = Fixture()
    fixture.policy.models = ["primary", "fallback"]
      .map {
        ModelSettings(name: $0, upstream: "u", upstreamName: $0, context: 1_000, maxOutput: 100)
      }
    self.fixture = fixture
    flights = FlightTable(followers: followers, bound: followerBound)
    background = BackgroundExchanges(
      metrics: metrics,
      bound: backgroundBound,
      ended: { [ended] exchange, _ in
        ended.add(exchange.trail.line(in: exchange.generation.graph))
      }
    )
    gate = Gate(isOpen: !isGated)
    attempt = FakeAttempt(answer: answer, gate: gate, text: text)
    let settings = ProductSettings.Cache(
      scope: scope,
      ttl: .seconds(60),
      staleWhileRevalidate: staleWhileRevalidate,
      tags: tags,
      storeFallbacks: storeFallbacks
    )
    let rules = ExactCacheStage.Rules(
      settings,
      key: key.map { Fixture.program($0) },
      tagging: tagging.map { Fixture.program($0) }
    )
    var builder = GraphBuilder()
    builder.add(
      .cache,
      "cache",
      place: .builtIn,
      waiting: ExactCacheStage(
        rules: ["support": rules],
        cache: cache,
        flights: flights,
        background: BackgroundEntry(background, at: "attempt"),
        errors: errors
      ),
      exits: [
        "hit": nil, "stale": nil, "miss": "attempt", "refresh": "attempt", "bypass": "attempt",
        "gave_up": "refuse",
      ]
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
      exits: ["answered": "store", "failed": nil]
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
    _ text: String,
    more: String = "",
    product: String = "support",
    user: String = "ada",
    fields: [(String, String)] = [],
    cacheTags: [String] = [],
    cancellation: Cancellation = Cancellation(),
    isTraced: Bool = false
  ) async -> Exchange {
    let body = #"{"model":"auto","messages":[{"role":"user","content":"\#(text)"}]\#(more)}"#
    let exchange = fixture.exchange(
      graph,
      fields: fields,
      body: body,
      caller: Caller(
        keyID: "k",
        tenant: "acme",
        user: user,
        product: product,
        cacheTags: cacheTags,
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

  /// The number behind `v` in what the attempt said.
  func version(in body: [UInt8]) -> Int? {
    let text = String(decoding: body, as: UTF8.self)
    guard let start = text.firstRange(of: #""content":"v"#)?.upperBound else { return nil }
    return Int(text[start...].prefix { $0.isNumber })
  }

  func trail(_ exchange: Exchange) -> String { exchange.trail.line(in: graph) }

  /// Asks the same question `count` times at once and looks at the results.
  ///
  /// - Parameters:
  ///   - count: how often.
  ///   - cancellation: that of the last exchange.
  ///   - act: what happens meanwhile.
  ///   - check: looks at the results.
  func together(
    count: Int,
    cancellation: Cancellation = Cancellation(),
    _ act: () async -> Void,
    then check: ([Outcomes]) -> Void
  ) async {
    let tasks = (0..<count)
      .map { index in
        Task {
          // The first is given time to lead, so that who follows is certain.
          if index > 0 { await self.untilAttempts(are: 1) }
          if index == count - 1 { await self.untilFollowersOrAttempts(reach: count - 2) }
          let exchange = await self.ask(
            "same",
            cancellation: index == count - 1 ? cancellation : Cancellation()
          )
          return Outcomes(exchange)
        }
      }
    await act()
    var outcomes: [Outcomes] = []
    for task in tasks { outcomes.append(await task.value) }
    check(outcomes)
  }

  func untilFollowers(are count: Int64) async {
    while followers.value != count { await Task.yield() }
  }

  func untilAttempts(are count: Int) async {
    while attempts < count { await Task.yield() }
  }

  private func untilFollowersOrAttempts(reach count: Int) async {
    while Int(followers.value) + attempts - 1 < count { await Task.yield() }
  }
}

/// What a test may know of an exchange that ran in another task.
private struct Outcomes: Sendable {
  var cache: CacheOutcome
  var cost: NanoDollars?
  var refusal: Refusal?
  var isAbandoned = false

  enum Refusal: Sendable { case deadlineExceeded, other }

  init(_ exchange: Exchange) {
    cache = exchange.cacheOutcome
    cost = exchange.cost
    switch exchange.outcome {
    case .refused(.deadlineExceeded): refusal = .deadlineExceeded
    case .refused: refusal = .other
    case .abandoned: isAbandoned = true
    default: break
    }
  }
}

/// Lets attempts through one by one, each with what it is to do.
private final class Gate: Sendable {
  enum Order: Sendable { case answer, fail }
  private struct State {
    var orders: [Order] = []
    var waiters: [CheckedContinuation<Order, Never>] = []
  }
  private let state = Mutex(State())
  private let isOpen: Bool

  init(isOpen: Bool) { self.isOpen = isOpen }

  func open(_ order: Order) {
    let waiter = state.withLock { state -> CheckedContinuation<Order, Never>? in
      if state.waiters.isEmpty {
        state.orders.append(order)
        return nil
      }
      return state.waiters.removeFirst()
    }
    waiter?.resume(returning: order)
  }

  func pass() async -> Order {
    if isOpen { return .answer }
    return await withCheckedContinuation { continuation in
      let order = state.withLock { state -> Order? in
        if !state.orders.isEmpty { return state.orders.removeFirst() }
        state.waiters.append(continuation)
        return nil
      }
      if let order { continuation.resume(returning: order) }
    }
  }
}

/// An upstream that answers what it is told to.
private final class FakeAttempt: WaitingStage {
  private enum Exit: Int, StageExit { case answered, failed }
  let exits = Exit.names
  private let answer: Answer
  private let gate: Gate
  private let text: @Sendable () -> String
  private let state = Mutex<(count: Int, leader: (any LeadingFlight)?)>((0, nil))

  var count: Int { state.withLock { $0.count } }
  var leader: (any LeadingFlight)? { state.withLock { $0.leader } }

  init(answer: Answer, gate: Gate, text: @escaping @Sendable () -> String) {
    self.answer = answer
    self.gate = gate
    self.text = text
  }

  func decide(_ exchange: Exchange) async -> ExitIndex {
    state.withLock { state in
      state.count += 1
      state.leader = exchange.flight
    }
    guard case .answer = await gate.pass() else { return Exit.failed.index }
    let body = Array(
      #"{"id":"c1","object":"asked.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"\#(text())"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#
        .utf8
    )
    exchange.answeredBy = answer.model
    exchange.answer = WholeAnswer(body: body, isComplete: answer.isComplete)
    exchange.outcome = .reply(Reply(status: 200, body: body))
    return Exit.answered.index
  }
}
