import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry
import Testing

@Suite("The node in front of an attempt")
struct BreakerStageTests {
  private static let rules = UpstreamSettings.Breaker.consecutive(
    2,
    recovery: .seconds(60),
    probes: 1
  )

  private let fixture: Fixture
  private let breakers = BreakerTable()

  init() {
    var fixture = Fixture()
    fixture.policy.models = [
      ModelSettings(name: "m", upstream: "u", upstreamName: "m", context: 1_000, maxOutput: 100)
    ]
    fixture.policy.tiers = [TierSettings(name: "locked", models: [])]
    self.fixture = fixture
  }

  private var stage: BreakerStage {
    BreakerStage(
      model: ModelIndex(0),
      name: "m",
      rules: Self.rules,
      breakers: breakers,
      access: ModelAccess(fixture.policy)
    )
  }

  private func exchange(
    tier: String = "",
    isTraced: Bool = false,
    bytes: Int = 0,
    service: Service = .chat
  ) -> Exchange {
    let text = String(repeating: "x", count: bytes)
    let body = #"{"model":"m","messages":[{"content":"\#(text)"}],"prompt":"","input":"\#(text)"}"#
    let exchange = fixture.exchange(
      Fixture.graph(stage),
      body: body,
      caller: Caller(tier: tier, address: HostAddress(ipv4: 1)),
      isTraced: isTraced,
      tokens: PromptCount(OneByte(), remembering: RememberedCounts()),
      service: service
    )
    exchange.facts.asked = try? ModelRequest(Array(body.utf8), for: service.asked ?? .chat)
    return exchange
  }

  /// A token for every byte.
  private struct OneByte: TokenCounter {
    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int { min(text.count, limit) }
    func lowerBound(bytes: Int) -> Int { bytes / 2 }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  /// The exit that the node takes; the walk is not over behind it.
  private func exit(_ exchange: Exchange) -> String {
    stage.exits[stage.decide(exchange, at: fixture.world.now).position]
  }

  private func open() {
    for _ in 0..<2 { report(.failure) }
  }

  private func report(_ report: AttemptReport) {
    breakers.report(
      report,
      of: "m",
      ticket: nil,
      under: Self.rules,
      at: fixture.world.now.monotonic
    )
  }

  private var state: Breaker.State { breakers.state(of: "m", at: fixture.world.now.monotonic) }

  @Test("forwards while the model answers, and counts what its attempts report")
  func closed() {
    for _ in 0..<2 {
      #expect(state == .closed)
      let exchange = exchange()
      #expect(exit(exchange) == "closed")
      exchange.watch?.ended(.failure, at: fixture.world.now)
    }
    #expect(state == .open)
  }

  @Test("turns away while it is open, and says when to try again")
  func refuses() {
    open()
    fixture.world.advance(by: .seconds(20))
    let exchange = exchange()
    #expect(exit(exchange) == "open")
    #expect(exchange.watch == nil)
    #expect(exchange.retryAt == fixture.world.now.monotonic + 40_000_000_000)
  }

  @Test("a tier that may not reach the model is turned away before a probe is taken")
  func tier() {
    open()
    fixture.world.advance(by: .seconds(60))
    #expect(exit(exchange(tier: "locked")) == "skipped")
    let first = exchange()
    #expect(exit(first) == "probe")
    #expect(exit(exchange()) == "open")
  }

  @Test("what the model cannot hold, or does not serve, is turned away before a probe is taken")
  func cannotServe() {
    open()
    fixture.world.advance(by: .seconds(60))
    // 6 tokens are around the text, and one is left for the answer.
    let long = exchange(bytes: 994)
    #expect(exit(long) == "skipped")
    #expect(long.exceededContext == 1_000)
    let embedding = exchange(service: .embeddings)
    #expect(exit(embedding) == "skipped")
    #expect(embedding.exceededContext == nil)
    #expect(exit(exchange(bytes: 993)) == "probe")
  }

  @Test("an embedding may fill the context")
  func embedding() {
    var fixture = fixture
    fixture.policy.models[0].serves = [.embeddings]
    let access = ModelAccess(fixture.policy)
    #expect(!access.skips(ModelIndex(0), in: exchange(bytes: 1_000, service: .embeddings)))
    #expect(access.skips(ModelIndex(0), in: exchange(bytes: 1_001, service: .embeddings)))
    #expect(access.skips(ModelIndex(0), in: exchange()))
  }

  @Test("a probe reports once, whatever is said of it later")
  func once() {
    open()
    fixture.world.advance(by: .seconds(60))
    let probe = exchange()
    #expect(exit(probe) == "probe")
    probe.watch?.ended(.success, at: fixture.world.now)
    #expect(state == .closed)
    probe.watch?.ended(.failure, at: fixture.world.now)
    probe.watch?.ended(.failure, at: fixture.world.now)
    #expect(state == .closed)
  }

  @Test("a probe whose exchange ends without a word gives its place to the next")
  func silent() async {
    open()
    fixture.world.advance(by: .seconds(60))
    await GraphRunner.run(exchange(), service: .chat)
    #expect(exit(exchange()) == "probe")
  }

  @Test("a pause that the upstream asked for turns others away until it is over")
  func pause() {
    let asked = exchange()
    #expect(exit(asked) == "closed")
    let now = fixture.world.now
    asked.watch?.coolDown(until: now.monotonic + 7_000_000_000, at: now)
    asked.watch?.ended(.neither, at: now)
    let refused = exchange()
    #expect(exit(refused) == "open")
    #expect(refused.retryAt == now.monotonic + 7_000_000_000)
    fixture.world.advance(by: .seconds(7))
    #expect(exit(exchange()) == "closed")
  }

  @Test("tells an upstream that is down, and a person's word, from failures")
  func held() {
    let now = fixture.world.now.monotonic
    breakers.setUnhealthy(["m"], until: now + 20_000_000_000, at: now)
    let refused = exchange()
    #expect(exit(refused) == "unhealthy")
    #expect(refused.retryAt == now + 20_000_000_000)
    #expect(exit(exchange(isTraced: true)) == "unhealthy")
    breakers.force("m", .init(to: .open, reason: "r", by: "b"), at: now)
    #expect(exit(exchange()) == "forced")
    breakers.force("m", .init(to: .closed, reason: "r", by: "b"), at: now)
    #expect(exit(exchange()) == "closed")
    breakers.force("m", nil, at: now)
    breakers.setUnhealthy(["m"], until: nil, at: now)
    #expect(exit(exchange()) == "closed")
  }

  @Test("a traced exchange looks, and takes no probe")
  func traced() {
    open()
    #expect(exit(exchange(isTraced: true)) == "open")
    fixture.world.advance(by: .seconds(60))
    #expect(exit(exchange(isTraced: true)) == "closed")
    #expect(exit(exchange()) == "probe")
  }
}
