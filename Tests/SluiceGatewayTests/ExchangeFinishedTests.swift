import SluiceCore
import SluiceDialects
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import SluiceTelemetry
import SluiceTestSupport
import Testing

@testable import SluiceGateway

@Suite("The line and the counts of an exchange")
struct ExchangeFinishedTests {
  private let metrics = MetricsRegistry()
  private let end = Moment(monotonic: 11_234_567, wall: 1_795_506_600_123_456_789)

  @Test("an exchange is one line of JSON")
  func line() throws {
    let exchange = try exchange()
    exchange.caller = Caller(
      tenant: "acme",
      user: "u\"1\n{\u{1b}[31m}\u{85}é",
      address: HostAddress(ipv4: 0)
    )
    exchange.refuse(.insufficientQuota(reason: "it was spent"))
    for source in [CountSource.upstream, .counted] {
      exchange.book(
        Booking(
          model: ModelIndex(0),
          usage: Usage(prompt: 12, completion: 3, cached: 8),
          source: source,
          cost: NanoDollars(750_000)
        )
      )
    }
    #expect(
      text(ExchangeFinished(exchange, httpStatus: 429, at: end))
        == #"{"time":"2026-11-24T07:50:00.123Z","event":"exchange","request":"req_1","#
        + #""service":"chat","generation":3,"tenant":"acme","#
        + #""user":"u\"1\n{\u001b[31m}\u0085é","status":"refused","http":429,"#
        + #""code":"insufficient_quota","cache":"bypass","attempts":0,"input_tokens":24,"#
        + #""output_tokens":6,"cached_tokens":16,"usage":"counted","cost":"0.0015","#
        + #""duration_ms":1.234567,"upstream_ms":0}"# + "\n"
    )
  }

  @Test("nothing of what was asked, answered or presented as a key is in it")
  func saysNoTexts() throws {
    let exchange = try exchange(
      fields: ["authorization: Bearer sk-hidden", "x-note: hidden"],
      body: #"{"model":"m","messages":[{"role":"user","content":"hidden"}]}"#
    )
    exchange.facts.asked = try ModelRequest(exchange.request.body, for: .chat)
    exchange.outcome = .reply(Reply(status: 200, body: Array("hidden".utf8)))
    exchange.answer = WholeAnswer(body: Array("hidden".utf8), isComplete: true)
    #expect(!text(ExchangeFinished(exchange, httpStatus: 200, at: end)).contains("hidden"))
  }

  @Test("an exchange before routing counts for the model none")
  func beforeRouting() throws {
    ExchangeFinished(try exchange(), httpStatus: 400, at: end).count(in: metrics)
    #expect(metrics.requests["none", "error", "false"].value == 1)
  }

  @Test("what is counted by place is counted under its names, over policies")
  func counts() throws {
    for generation in 1...2 {
      let exchange = try exchange(generation: UInt64(generation))
      exchange.caller = Caller(tier: "free", product: "support", address: HostAddress(ipv4: 0))
      exchange.answeredBy = ModelIndex(0)
      exchange.cacheOutcome = .miss
      exchange.outcome = .reply(Reply(status: 200, body: []))
      exchange.book(
        Booking(
          model: ModelIndex(0),
          usage: Usage(prompt: 12, completion: 3),
          source: .upstream,
          cost: NanoDollars(5)
        )
      )
      ExchangeFinished(exchange, httpStatus: 200, at: end).count(in: metrics)
    }
    #expect(metrics.requests["small", "success", "false"].value == 2)
    #expect(metrics.cacheExchanges["support", "miss"].value == 2)
    #expect(metrics.cost["small", "free"].value == 10)
    #expect(metrics.tokens["small", "input"].value == 24)
  }

  @Test("a tier and a product that the policy does not name are counted all the same")
  func unnamed() throws {
    let exchange = try exchange()
    exchange.caller = Caller(tier: "gone", product: "gone", address: HostAddress(ipv4: 0))
    exchange.book(
      Booking(
        model: ModelIndex(0),
        usage: Usage(prompt: 1, completion: 0),
        source: .bounded,
        cost: NanoDollars(5)
      )
    )
    ExchangeFinished(exchange, httpStatus: 200, at: end).count(in: metrics)
    #expect(metrics.cacheExchanges["gone", "bypass"].value == 1)
    #expect(metrics.cost["small", "gone"].value == 5)
  }

  private func text(_ event: ExchangeFinished) -> String {
    String(decoding: event.line(at: end).bytes, as: UTF8.self)
  }

  private func exchange(
    fields: [String] = [],
    body: String = "",
    generation: UInt64 = 3
  ) throws -> Exchange {
    let policy = Policy(
      models: [
        ModelSettings(
          name: "small",
          upstream: "up",
          upstreamName: "small",
          context: 8_192,
          maxOutput: 1_024
        )
      ],
      tiers: [TierSettings(name: "free")],
      products: [ProductSettings(name: "support")]
    )
    let head = try head("POST /v1/chat/completions HTTP/1.1", ["host: localhost"] + fields)
    return Exchange(
      id: "req_1",
      request: ClientRequest(
        service: .chat,
        method: "POST",
        path: "/v1/chat/completions",
        fields: head.fields,
        body: Array(body.utf8),
        peer: HostAddress(ipv4: 0)
      ),
      generation: Generation(
        number: generation,
        hash: "",
        policy: policy,
        graph: Graph(nodes: [], entries: [:]),
        features: [],
        metrics: metrics
      ),
      world: StillWorld(),
      sink: NoSink(),
      cancellation: Cancellation(),
      startedAt: Moment(monotonic: 10_000_000, wall: 0),
      deadline: .max
    )
  }
}

/// A client that takes nothing.
private final class NoSink: ReplySink {
  func begin(status: Int, fields: HeaderLines) async throws(Failure) {}
  func write(_ bytes: [UInt8]) async throws(Failure) {}
  func finish() async throws(Failure) {}
}
