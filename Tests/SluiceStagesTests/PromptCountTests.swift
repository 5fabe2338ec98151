import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry
import Synchronization
import Testing

@Suite("What counts prompts")
struct PromptCountTests {
  /// A token for every three bytes; counts how often it counts.
  private final class Counting: TokenCounter {
    private let calls = Mutex(0)
    var count: Int { calls.withLock { $0 } }

    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
      calls.withLock { $0 += 1 }
      return min((text.count + 2) / 3, limit)
    }
    func lowerBound(bytes: Int) -> Int { bytes / 8 }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  private let counter = Counting()
  private let fixture = Fixture()

  /// An exchange with one message of so many bytes: between `bytes/8 + 6` and `bytes + 6` tokens.
  private func exchange(bytes: Int, _ tokens: PromptCount) throws -> Exchange {
    let text = String(repeating: "x", count: bytes)
    let body = Array(#"{"model":"m","messages":[{"role":"user","content":"\#(text)"}]}"#.utf8)
    let exchange = fixture.exchange(
      Fixture.graph(RefuseStage()),
      body: String(decoding: body, as: UTF8.self),
      tokens: tokens
    )
    exchange.facts.asked = try ModelRequest(body)
    return exchange
  }

  private var tokens: PromptCount { PromptCount(counter, remembering: RememberedCounts()) }

  @Test(
    "does not count where the bounds of a text decide a comparison",
    arguments: [
      ("prompt.tokens < 200", 100, true), ("prompt.tokens < 200", 2_000, false),
      ("prompt.tokens >= 200", 2_000, true), ("prompt.tokens > 16000", 900, false),
      ("200 > prompt.tokens", 100, true),
    ]
  )
  func bounds(source: String, bytes: Int, value: Bool) throws {
    let exchange = try exchange(bytes: bytes, tokens)
    #expect(try Fixture.program(source).evaluateBool(&exchange.frame) == value)
    #expect(counter.count == 0)
  }

  @Test("looks at nothing but the length of a body that a limit holds whatever is in it")
  func length() throws {
    let exchange = try exchange(bytes: 300, tokens)
    #expect(exchange.facts.inputs(areBelow: exchange.request.body.count + 1))
    #expect(!exchange.facts.inputs(areBelow: 40))
    #expect(counter.count == 0)
    // 100 for the text, 6 around it.
    #expect(exchange.facts.inputs(areBelow: 107))
    #expect(!exchange.facts.inputs(areBelow: 106))
    #expect(counter.count == 1)
  }

  @Test("does not take the count of one path for that of another")
  func paths() throws {
    let tokens = tokens
    let body = Array(#"{"model":"m","messages":[{"content":"123456"}],"prompt":"123"}"#.utf8)
    #expect(tokens.tokens(of: try ModelRequest(body), body: body) == 2 + 6)
    #expect(tokens.tokens(of: try ModelRequest(body, for: .completions), body: body) == 1)
  }

  @Test("counts where they do not, once for an exchange, and once for equal bodies")
  func counts() throws {
    let tokens = tokens
    for _ in 0..<3 {
      let exchange = try exchange(bytes: 300, tokens)
      // 100 for the text, 6 around it.
      #expect(try Fixture.program("prompt.tokens < 200").evaluateBool(&exchange.frame))
      #expect(try Fixture.program("prompt.tokens == 106").evaluateBool(&exchange.frame))
    }
    #expect(counter.count == 1)
    let other = try exchange(bytes: 303, tokens)
    #expect(try Fixture.program("prompt.tokens == 107").evaluateBool(&other.frame))
    #expect(counter.count == 2)
  }

  @Test("counts a long prompt elsewhere and before anybody asks, or says that it cannot")
  func long() async throws {
    let text = String(repeating: "x", count: 300_000)
    let body = #"{"model":"m","messages":[{"role":"user","content":"\#(text)"}]}"#
    for hasRoom in [true, false] {
      let workers = CountedWorkers(hasRoom: hasRoom)
      let tokens = PromptCount(counter, remembering: RememberedCounts(), workers: workers)
      var builder = GraphBuilder()
      builder.add(
        .request,
        "request",
        place: .builtIn,
        stage: RequestStage(countsTokens: true),
        exits: ["understood": nil, "refused": nil, "long": "count"]
      )
      builder.add(
        .count,
        "count",
        place: .builtIn,
        waiting: CountStage(),
        exits: ["counted": nil, "refused": nil]
      )
      builder.enter(.chat, at: "request")
      let exchange = fixture.exchange(
        builder.build { _, _ in Counter() },
        body: body,
        tokens: tokens
      )
      await GraphRunner.run(exchange, service: .chat)
      #expect(workers.count == 1)
      guard hasRoom else {
        #expect(Fixture.exit(exchange) == "refused")
        #expect(exchange.refusal?.code == "overloaded")
        continue
      }
      #expect(Fixture.exit(exchange) == "counted")
      let before = counter.count
      #expect(try Fixture.program("prompt.tokens == 100006").evaluateBool(&exchange.frame))
      #expect(counter.count == before)
    }
  }
}
