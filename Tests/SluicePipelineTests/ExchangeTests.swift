import SluiceCore
import SluiceExpressions
import SluiceHTTP
import SluicePipeline
import SluicePolicy
import Testing

@Suite("Exchanges")
struct ExchangeTests {
  private let small = SmallGraph()

  private func value(of source: String, fields: [(String, String)]) throws -> Bool {
    let outcome = CheckedExpression.check(source, in: Environment(phase: .routed, features: []))
    let program = try #require(outcome.expression).program()
    let exchange = small.exchange(small.graph(), fields: fields)
    return try program.evaluateBool(&exchange.frame)
  }

  @Test("expressions read a header, its repetitions joined")
  func headers() throws {
    #expect(
      try value(of: #"headers["x-team"] == "a, b""#, fields: [("X-Team", "a"), ("x-team", "b")])
    )
  }

  @Test(
    "expressions cannot read a credential",
    arguments: ["Authorization", "Cookie", "X-API-Key"]
  )
  func secrets(field: String) throws {
    #expect(try !value(of: "\"\(field.lowercased())\" in headers", fields: [(field, "secret")]))
  }

  @Test("a variable that is not there yet has no value")
  func tooEarly() {
    #expect(throws: EvaluationError.self) { try value(of: "prompt.text == \"\"", fields: []) }
  }

  @Test("a reply tells only what the policy exposes, and is private always")
  func exposed() {
    var policy = Policy()
    policy.server.expose = [.generation]
    let exchange = small.exchange(small.graph(), policy: policy)
    #expect(
      exchange.replyFields.pairs.map { "\($0.name): \($0.value)" } == [
        "x-request-id: req_test", "cache-control: private, no-store", "vary: authorization",
        "x-sluice-generation: 7",
      ]
    )
  }

  @Test("a rate is told in the draft's words and in those of OpenAI's clients")
  func rate() {
    let decision = RateDecision(
      verdict: .refused(retryAfterNanoseconds: 1_500_000_001),
      quota: 100,
      remaining: 0,
      resetNanoseconds: 30_000_000_001
    )
    let terms = RateReport.Terms(limit: "per-user", quota: 100, windowSeconds: 60)
    let report = RateReport(terms, decision: decision)
    var fields = HeaderLines()
    RateReport.append(report, nil, to: &fields)
    #expect(
      fields.pairs.map { "\($0.name): \($0.value)" } == [
        #"ratelimit-policy: "per-user";q=100;w=60"#, #"ratelimit: "per-user";r=0;t=31"#,
        "x-ratelimit-limit-requests: 100", "x-ratelimit-remaining-requests: 0",
        "x-ratelimit-reset-requests: 31s", "retry-after-ms: 1501",
      ]
    )
  }

  @Test("a limit of requests and one of tokens are told side by side")
  func rates() {
    func report(
      _ limit: String,
      _ unit: RateReport.Unit,
      _ quota: Int,
      _ verdict: RateDecision.Verdict
    ) -> RateReport {
      RateReport(
        RateReport.Terms(limit: limit, quota: quota, windowSeconds: 60, unit: unit),
        decision: RateDecision(
          verdict: verdict,
          quota: quota,
          remaining: quota / 2,
          resetNanoseconds: 9_000_000_000
        )
      )
    }
    let requests = report("per-user", .requests, 100, .admitted)
    let tokens = report("spent", .tokens, 2_000, .refused(retryAfterNanoseconds: 7_000_000_000))
    var fields = HeaderLines()
    RateReport.append(requests, tokens, to: &fields)
    let ofTokens = [
      "x-ratelimit-limit-tokens: 2000", "x-ratelimit-remaining-tokens: 1000",
      "x-ratelimit-reset-tokens: 9s", "retry-after-ms: 7000",
    ]
    #expect(
      fields.pairs.map { "\($0.name): \($0.value)" } == [
        #"ratelimit-policy: "per-user";q=100;w=60, "spent";q=2000;w=60;qu="tokens""#,
        #"ratelimit: "per-user";r=50;t=9, "spent";r=1000;t=9"#,
        "x-ratelimit-limit-requests: 100", "x-ratelimit-remaining-requests: 50",
        "x-ratelimit-reset-requests: 9s",
      ] + ofTokens
    )
    var alone = HeaderLines()
    RateReport.append(nil, tokens, to: &alone)
    #expect(
      alone.pairs.map { "\($0.name): \($0.value)" } == [
        #"ratelimit-policy: "spent";q=2000;w=60;qu="tokens""#, #"ratelimit: "spent";r=1000;t=9"#,
      ] + ofTokens
    )
  }
}

@Suite("Generations")
struct GenerationTests {
  private func generation(_ number: UInt64) -> Generation {
    Generation(
      number: number,
      hash: "",
      policy: Policy(),
      graph: SmallGraph().graph(),
      features: []
    )
  }

  @Test("what was read stays, whatever is published after")
  func pinned() {
    let cell = GenerationCell(generation(1))
    let read = cell.generation
    cell.publish(generation(2))
    #expect(read.number == 1)
    #expect(cell.generation.number == 2)
  }

  @Test("an old one is let go with its last exchange")
  func retired() {
    let cell = GenerationCell(generation(1))
    weak let old = cell.generation
    do {
      let exchange = cell.generation
      cell.publish(generation(2))
      #expect(old === exchange)
    }
    #expect(old == nil)
  }

  @Test("numbers only grow")
  func growing() async {
    await #expect(processExitsWith: .failure) {
      let policy = Policy()
      let graph = Graph(nodes: [], entries: [:])
      let one = Generation(number: 1, hash: "", policy: policy, graph: graph, features: [])
      GenerationCell(one).publish(one)
    }
  }
}
