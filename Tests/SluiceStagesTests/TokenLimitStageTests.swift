import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceStores
import SluiceTelemetry
import Testing

@Suite("Token limit nodes")
struct TokenLimitStageTests {
  /// Something that happens to an exchange behind the node.
  private struct Then: Stage {
    let exits = ["done"]
    let action: @Sendable (Exchange) -> Void
    func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
      action(exchange)
      return ExitIndex(0)
    }
  }

  /// A token for every byte.
  private struct Bytes: TokenCounter {
    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int { min(text.count, limit) }
    func lowerBound(bytes: Int) -> Int { bytes }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  private let errors = Counter()
  private let counters = EmbeddedCounters()
  private var fixture: Fixture {
    var fixture = Fixture()
    fixture.policy.models = [
      ModelSettings(
        name: "small",
        upstream: "main",
        upstreamName: "small",
        context: 1_000,
        maxOutput: 100
      )
    ]
    return fixture
  }

  private func stage(_ count: Int = 500, burst: Int = 0, key: String = "user.id") -> TokenLimitStage
  {
    TokenLimitStage(
      LimitSettings(
        name: "tokens",
        key: nil,
        measure: .tokens(.init(count: count, per: .seconds(60)), burst: burst),
        tiers: ["premium": .tokens(.init(count: 2 * count, per: .seconds(60)), burst: burst)],
        place: SourcePlace(file: "limits.yaml", line: 3, column: 5)
      ),
      key: Fixture.program(key),
      counters: counters,
      errors: errors
    )
  }

  /// Asks with a prompt of `input` tokens, and lets `action` happen once it is admitted.
  private func ask(
    _ stage: TokenLimitStage,
    input: Int = 56,
    fields: String = "",
    user: String = "ada",
    tier: String = "",
    then action: @escaping @Sendable (Exchange) -> Void = { _ in }
  ) async throws -> Exchange {
    var builder = GraphBuilder()
    builder.add(
      .limit,
      "limit",
      place: .builtIn,
      stage: stage,
      exits: ["admitted": "then", "refused": nil]
    )
    builder.add(.settle, "then", place: .builtIn, stage: Then(action: action), exits: ["done": nil])
    builder.enter(.chat, at: "limit")
    // Six tokens stand around the one message.
    let text = String(repeating: "x", count: input - 6)
    let body = #"{"model":"auto","messages":[{"role":"user","content":"\#(text)"}]\#(fields)}"#
    let exchange = fixture.exchange(
      builder.build { _, _ in Counter() },
      body: body,
      caller: Caller(user: user, tier: tier, address: HostAddress(ipv4: 0)),
      tokens: PromptCount(Bytes(), remembering: RememberedCounts())
    )
    exchange.facts.asked = try ModelRequest(Array(body.utf8))
    exchange.primary = ModelIndex(0)
    await GraphRunner.run(exchange, service: .chat)
    return exchange
  }

  /// How many tokens `user` has left.
  private func left(_ user: String = "ada", of count: Int = 500) -> Int {
    counters.reserve(
      1_000_000,
      limit: "tokens",
      key: user,
      rate: .init(count: count, per: .seconds(60)),
      burst: 0,
      at: fixture.world.now
    )
    .decision.remaining
  }

  @Test("reserves the input and the primary's longest answer, as often as answers are asked for")
  func reserves() async throws {
    let cases: [(fields: String, reserved: Int)] = [
      ("", 156), (#","max_tokens":10"#, 66), (#","max_completion_tokens":10,"max_tokens":70"#, 66),
      (#","max_tokens":900"#, 156), (#","n":3"#, 356), (#","n":2,"max_tokens":20"#, 96),
    ]
    for (place, (fields, reserved)) in cases.enumerated() {
      let user = "user-\(place)"
      let exchange = try await ask(stage(), fields: fields, user: user) {
        $0.attempts = 1
        $0.hasLostAttempt = true
      }
      #expect(exchange.tokenRate?.decision.remaining == 500 - reserved)
      #expect(left(user) == 500 - reserved)
    }
  }

  @Test("what ends the exchange decides what it took")
  func settles() async throws {
    let usage = Usage(prompt: 50, completion: 10)
    let cases: [(taken: Int, what: @Sendable (Exchange) -> Void)] = [
      // Nobody was asked.
      (0, { _ in }),
      // Asked in vain: refused, or not reached.
      (0, { $0.attempts = 2 }),
      (
        60,
        {
          $0.attempts = 1; $0.hasAnswer = true; $0.book(usage)
        }
      ),
      (
        156,
        {
          $0.attempts = 1; $0.hasAnswer = true
        }
      ),
      (
        156,
        {
          $0.attempts = 1; $0.hasLostAttempt = true
        }
      ),
      // Of two attempts one is not known.
      (
        156,
        {
          $0.attempts = 2; $0.hasLostAttempt = true; $0.hasAnswer = true; $0.book(usage)
        }
      ),
      // The upstream took more than it was asked for.
      (
        300,
        {
          $0.attempts = 1
          $0.hasAnswer = true
          $0.book(Usage(prompt: 100, completion: 200))
        }
      ),
    ]
    for (place, (taken, what)) in cases.enumerated() {
      let user = "user-\(place)"
      _ = try await ask(stage(), user: user, then: what)
      #expect(left(user) == 500 - taken, "case \(place)")
    }
  }

  @Test("a count that no answer can have is bounded, and does not end the process")
  func absurd() async throws {
    _ = try await ask(stage()) {
      $0.attempts = 1
      $0.hasAnswer = true
      $0.book(Usage(prompt: .max, completion: .max))
    }
    #expect(left() == 0)
    #expect(try await ask(stage()).refusal?.status == 429)
  }

  @Test("what does not fit is refused with every header that clients read")
  func refuses() async throws {
    let lost: @Sendable (Exchange) -> Void = {
      $0.attempts = 1
      $0.hasLostAttempt = true
    }
    for _ in 0..<3 { #expect(try await ask(stage(), then: lost).refusal == nil) }
    let refused = try await ask(stage())
    #expect(refused.refusal == .tokenRateLimited(limit: "tokens", retryAfterSeconds: 61))
    #expect(refused.refusal?.status == 429)
    #expect(refused.refusal?.code == "rate_limit_exceeded")
    #expect(refused.refusal?.retryAfterSeconds == 61)
    let fields = Dictionary(
      refused.replyFields.pairs.map { ($0.name, $0.value) },
      uniquingKeysWith: { first, _ in first }
    )
    #expect(fields["ratelimit-policy"] == #""tokens";q=500;w=60;qu="tokens""#)
    #expect(fields["ratelimit"] == #""tokens";r=32;t=61"#)
    #expect(fields["x-ratelimit-limit-tokens"] == "500")
    #expect(fields["x-ratelimit-remaining-tokens"] == "32")
    #expect(fields["x-ratelimit-reset-tokens"] == "61s")
    #expect(fields["retry-after-ms"] == "61000")
    #expect(fields["x-ratelimit-limit-requests"] == nil)
    // A shorter one still fits, and so does another user's, and a tier's own rate.
    #expect(try await ask(stage(), input: 10, fields: #","max_tokens":1"#).refusal == nil)
    #expect(try await ask(stage(), user: "bob").refusal == nil)
    #expect(try await ask(stage(), tier: "premium").refusal == nil)
  }

  @Test("what never fits is 400, so that nobody waits for it, and counts nothing")
  func neverFits() async throws {
    let input = try await ask(stage(155), input: 156)
    #expect(input.refusal == .beyondTokenLimit(limit: "tokens", quota: 155, isInput: true))
    #expect(input.refusal?.status == 400)
    #expect(input.refusal?.code == "request_too_large")
    #expect(input.refusal?.param == "messages")
    #expect(input.refusal?.retryAfterSeconds == nil)
    let output = try await ask(stage(155))
    #expect(output.refusal == .beyondTokenLimit(limit: "tokens", quota: 155, isInput: false))
    #expect(output.refusal?.param == "max_tokens")
    let many = try await ask(stage(155), fields: #","n":9000000000000000000"#)
    #expect(many.refusal?.code == "request_too_large")
    #expect(counters.keyCount == 0)
    #expect(try await ask(stage(156)).refusal == nil)
    #expect(try await ask(stage(100, burst: 56)).refusal == nil)
  }

  @Test("a key that has no value refuses, is counted, and names the policy's line")
  func keyError() async throws {
    let exchange = try await ask(stage(key: #"headers["x-missing"]"#))
    #expect(exchange.refusal == .policyError(place: "limits.yaml:3:5"))
    #expect(errors.value == 1)
  }

  @Test("a second limit that refuses gives the first its tokens back")
  func second() async throws {
    var builder = GraphBuilder()
    let tight = TokenLimitStage(
      LimitSettings(
        name: "tight",
        key: nil,
        measure: .tokens(.init(count: 60, per: .seconds(60)), burst: 0)
      ),
      key: nil,
      counters: counters,
      errors: errors
    )
    builder.add(
      .limit,
      "wide",
      place: .builtIn,
      stage: stage(),
      exits: ["admitted": "tight", "refused": nil]
    )
    builder.add(
      .limit,
      "tight",
      place: .builtIn,
      stage: tight,
      exits: ["admitted": nil, "refused": nil]
    )
    builder.enter(.chat, at: "wide")
    let body = #"{"model":"auto","messages":[{"role":"user","content":"Hello"}]}"#
    let exchange = fixture.exchange(
      builder.build { _, _ in Counter() },
      body: body,
      caller: Caller(user: "ada", tier: "", address: HostAddress(ipv4: 0)),
      tokens: PromptCount(Bytes(), remembering: RememberedCounts())
    )
    exchange.facts.asked = try ModelRequest(Array(body.utf8))
    exchange.primary = ModelIndex(0)
    await GraphRunner.run(exchange, service: .chat)
    #expect(exchange.refusal?.code == "request_too_large")
    #expect(left() == 500)
  }
}

@Suite("The output clamp")
struct OutputClampTests {
  @Test(
    "is the least of what the client allows, the model gives, and the context leaves",
    arguments: [
      (Int?.none, 0, 100), (50, 0, 50), (200, 0, 100), (.none, 950, 50), (20, 950, 20),
      (.none, 1_000, 0), (.none, 5_000, 0), (.max, 0, 100),
    ]
  )
  func least(requested: Int?, input: Int, tokens: Int) {
    let clamp = OutputClamp(requested: requested, maxOutput: 100, context: 1_000, input: input)
    #expect(clamp.tokens == tokens)
    #expect(clamp.tokens(ofAnswers: 3) == 3 * tokens)
  }

  @Test("of more answers than can be counted is as many as can")
  func saturates() {
    let clamp = OutputClamp(requested: nil, maxOutput: 100, context: 1_000, input: 0)
    #expect(clamp.tokens(ofAnswers: .max) == .max)
  }
}

extension Exchange {
  fileprivate func book(_ usage: Usage) {
    book(Booking(model: ModelIndex(0), usage: usage, source: .upstream, cost: nil))
  }
}
