import SluiceCompiler
import SluiceCore
import SluiceLanguage
import SluicePolicy
import SluiceSimulation
import Testing

/// Cases of `sluice test`, run on a small policy.
struct CaseBench {
  /// Two upstreams, every stage that a case can speak of.
  static let policy = """
    sluice: v1
    identity: { keys: keys.jsonl, anonymous: { tier: free, products: [help] } }
    upstreams:
      one:
        api: simulated
        latency: 100ms
        output: 10
        breaker: { consecutive: 2, recovery: 30s, probes: 1 }
        retry: none
        health_check: {}
      two: { api: simulated, latency: 50ms, output: 10, breaker: none, retry: { attempts: 2, base: 1s, jitter: 1ms, budget: 100% } }
    models:
      big: { upstream: one, context: 16k, max_output: 1000, price: { input: $1/M, output: $2/M } }
      small: { upstream: two, context: 16k, max_output: 1000, price: { input: $0.10/M, output: $0.20/M } }
    tiers:
      free: {}
      paid: {}
    features:
      is_hard: prompt.text.contains("hard")
    targets:
      main: [big, small]
      cheap: [small]
    routes:
      - name: hard
        when: features.is_hard
        to: main
      - name: long
        when: prompt.tokens > 100
        to: main
      - name: rest
        to: cheap
    products:
      help: { cache: { scope: product, ttl: 10m, tags: [faq], stale_if_error: 1h } }
      none: {}
    limits:
      per-user: { key: user.id, rate: 5/m }
      tokens: { key: user.id, rate: 50k tokens/m }
      at-once: { key: user.id, concurrent: 2 }
    budgets:
      day: { per: day, key: user.id, limit: $0.01, tiers: { paid: $1 }, on_exceed: [clamp, cache_only] }
    kill_switches:
      runaway: { when: spend("1m") > usd("0.005"), do: deny, for: 1m }
    """

  static func compiled(_ tests: String) -> Compilation {
    compiled([("policy.yaml", policy), ("tests.yaml", tests)])
  }

  static func compiled(_ texts: [(String, String)]) -> Compilation {
    Compiler.compile(Bundle(texts: texts), withTests: true)
  }

  /// The report of some cases; traps with the findings if they are wrong.
  static func report(_ tests: String, isCovered: Bool = false) -> (report: TestReport, text: String)
  {
    let compiled = compiled(tests)
    guard let policy = compiled.policy else {
      preconditionFailure(compiled.findings.rendered(as: .human, of: compiled.bundle))
    }
    let runner = TestRunner(policy, of: compiled, .approximate)
    precondition(
      runner.findings.isEmpty,
      runner.findings.rendered(as: .human, of: compiled.bundle)
    )
    let report = runner.run(isCovered: isCovered)
    return (report, report.rendered(as: .human, of: compiled.bundle))
  }

  /// One case of the given lines.
  static func one(_ lines: String) -> (report: TestReport, text: String) {
    report("sluice-test: v1\ncases:\n  - name: it\n" + indented(lines, by: 4))
  }

  static func indented(_ lines: String, by count: Int) -> String {
    lines.split(separator: "\n").map { String(repeating: " ", count: count) + $0 + "\n" }.joined()
  }
}

@Suite("Cases of sluice test")
struct CaseTests {
  /// An expectation that holds of a request, and one that does not.
  struct Pair: CustomTestStringConvertible, Sendable {
    var ask: String
    var right: String
    var wrong: String
    var key: String
    var testDescription: String { "\(key): \(right) | \(wrong)" }
  }

  static let pairs: [Pair] = [
    Pair(ask: "ask: hi", right: "status: 200", wrong: "status: 429", key: "status"),
    Pair(
      ask: "{ ask: hi, as: stranger }",
      right: "code: invalid_api_key",
      wrong: "code: none",
      key: "code"
    ),
    Pair(ask: "ask: hi", right: "code: none", wrong: "code: no_route", key: "code"),
    Pair(ask: "ask: a hard one", right: "route: hard", wrong: "route: rest", key: "route"),
    Pair(
      ask: "{ ask: hi, as: stranger }",
      right: "route: none",
      wrong: "route: rest",
      key: "route"
    ),
    Pair(ask: "ask: a hard one", right: "target: main", wrong: "target: cheap", key: "target"),
    Pair(ask: "ask: a hard one", right: "model: big", wrong: "model: small", key: "model"),
    Pair(
      ask: "{ ask: hi, models: { small: 400 } }",
      right: "status: 400",
      wrong: "status: 200",
      key: "status"
    ),
    Pair(ask: "ask: hi", right: "cache: miss", wrong: "cache: exact", key: "cache"),
    Pair(
      ask: "{ ask: hi, as: { user: ann, product: none } }",
      right: "cache: bypass",
      wrong: "cache: miss",
      key: "cache"
    ),
    Pair(
      ask: "ask: hi",
      right: "exits: { limit: admitted }",
      wrong: "exits: { limit: refused }",
      key: "exits.limit"
    ),
    Pair(
      ask: "ask: hi",
      right: "exits: { attempt cheap/small: answered }",
      wrong: "exits: { attempt cheap/small: [] }",
      key: "exits.attempt cheap/small"
    ),
    Pair(
      ask: "ask: hi",
      right: "exits: { retry: [] }",
      wrong: "exits: { retry: again }",
      key: "exits.retry"
    ),
    Pair(
      ask: "{ ask: hi, models: { small: [500, ok] } }",
      right: "exits: { attempt: [failed, answered] }",
      wrong: "exits: { attempt: [answered] }",
      key: "exits.attempt"
    ),
    Pair(
      ask: "{ ask: hi, models: { small: [500, ok] } }",
      right: "attempts: 2",
      wrong: "attempts: 1",
      key: "attempts"
    ),
    Pair(
      ask: "{ ask: a hard one, models: { big: 500 } }",
      right: "attempts: [big, small]",
      wrong: "attempts: [big]",
      key: "attempts"
    ),
    Pair(
      ask: "{ ask: hi, models: { small: { usage: { prompt: 1000, completion: 500 } } } }",
      right: "cost: $0.0002",
      wrong: "cost: $0.000200001",
      key: "cost"
    ),
    Pair(
      ask: "ask: { prompt: a hard one, max_tokens: 100 }",
      right: "held: $0.000285",
      wrong: "held: $0.00029",
      key: "held"
    ),
    Pair(
      ask: "ask: { prompt: a hard one, max_tokens: 100 }",
      right: "clamp: 100",
      wrong: "clamp: 1000",
      key: "clamp"
    ),
    Pair(ask: "{ ask: hi, as: stranger }", right: "clamp: none", wrong: "clamp: 1", key: "clamp"),
    Pair(
      ask: "ask: { prompt: hi, max_tokens: 100 }",
      right: "reserved: { tokens: 107 }",
      wrong: "reserved: { tokens: 100 }",
      key: "reserved.tokens"
    ),
    Pair(
      ask: "ask: hi",
      right: "headers: { X-Sluice-Route: rest }",
      wrong: "headers: { X-Sluice-Route: hard }",
      key: "headers.X-Sluice-Route"
    ),
    Pair(
      ask: "ask: hi",
      right: "headers: { Retry-After: none }",
      wrong: "headers: { X-Sluice-Route: none }",
      key: "headers.X-Sluice-Route"
    ),
    Pair(
      ask: "{ ask: hi, models: { small: { answer: two words } } }",
      right: "answer: two words",
      wrong: "answer: one word",
      key: "answer"
    ),
    Pair(
      ask: "{ ask: { prompt: hi, stream: true }, models: { small: { answer: two words } } }",
      right: "answer: two words",
      wrong: "answer: two",
      key: "answer"
    ),
    Pair(
      ask: "{ ask: { prompt: hi, stream: true }, models: { small: { fault: cut, after: 2 } } }",
      right: "ends: cut",
      wrong: "ends: whole",
      key: "ends"
    ),
    Pair(
      ask: "ask: { prompt: hi, leaves: 10ms }",
      right: "ends: left",
      wrong: "ends: cut",
      key: "ends"
    ),
    Pair(ask: "ask: hi", right: "within: 50ms", wrong: "within: 49ms", key: "within"),
    Pair(
      ask: "{ ask: a hard one, times: 2, as: { user: ann }, models: { big: 500 } }",
      right: "breakers: { big: open }",
      wrong: "breakers: { big: closed }",
      key: "breakers.big"
    ),
    Pair(
      ask:
        "{ ask: hi, as: { user: ann }, models: { small: { usage: { prompt: 1000, completion: 500 } } } }",
      right: "budgets: { day: $0.0098 }",
      wrong: "budgets: { day: $0.01 }",
      key: "budgets.day"
    ),
    Pair(
      ask:
        "{ ask: hi, as: { user: ann, tier: paid }, models: { small: { usage: { prompt: 1000, completion: 500 } } } }",
      right: "budgets: { day: { spent: $0.0002, held: $0, remaining: $0.9998 } }",
      wrong: "budgets: { day: { spent: $0.0001 } }",
      key: "budgets.day.spent"
    ),
    Pair(
      ask: "{ ask: hi, as: { user: ann } }",
      right: "budgets: { day: { key: bob, spent: $0 } }",
      wrong: "budgets: { day: { key: ann, spent: $0 } }",
      key: "budgets.day.spent"
    ),
    Pair(
      ask: "{ ask: a hard one, models: { big: { usage: { prompt: 6000, completion: 1 } } } }",
      right: "kill_switches: { runaway: on }",
      wrong: "kill_switches: { runaway: off }",
      key: "kill_switches.runaway"
    ),
  ]

  private static func run(_ pair: Pair, _ expectation: String) -> (report: TestReport, text: String)
  {
    let step = pair.ask.hasPrefix("{") ? String(pair.ask.dropFirst(2).dropLast(2)) : pair.ask
    return CaseBench.one("steps:\n  - { \(step), expect: { \(expectation) } }")
  }

  @Test("an expectation that holds passes, one that does not fails", arguments: pairs)
  func planted(pair: Pair) throws {
    let right = Self.run(pair, pair.right)
    #expect(right.report.failed == 0, "\(right.text)")
    let wrong = Self.run(pair, pair.wrong)
    let failure = try #require(wrong.report.cases.first?.failures.first, "\(pair.wrong) holds")
    #expect(failure.key == pair.key, "\(wrong.text)")
    #expect(failure.expected != failure.got)
    #expect(wrong.text.contains("tests.yaml:5:"))
    // What concerns a request tells what it passed.
    if failure.number > 0 { #expect(wrong.text.contains("identity")) }
  }

  @Test("every key of `expect` has a planted failure")
  func everyKey() {
    let planted = Set(Self.pairs.map { String($0.key.prefix { $0 != "." }) })
    let keys = Schema.tests.filter { $0.path == "expect" }.flatMap(\.names)
    #expect(Set(keys) == planted)
  }

  @Test("a failure shows the place, what was expected, what happened, and why")
  func failureText() {
    let (_, text) = CaseBench.one("ask: a hard one\nexpect: { route: rest }")
    #expect(
      text.hasPrefix(
        """
        failed: it
          expected route `rest`, got `hard`
         --> tests.yaml:5:22
          |
        5 |     expect: { route: rest }
          |                      ^^^^ got `hard`

          the request was answered by big: 200, $0.000029
            identity           anonymous   policy.yaml:2:1
              anonymous: user ip:127.0.0.1, tier free, product help, ip 127.0.0.1
        """
      )
    )
    #expect(
      text.contains(
        """
            route              main        policy.yaml:24:11
              route hard at policy.yaml:24:11 to main
        """
      )
    )
    #expect(text.hasSuffix("\n0 passed, 1 failed; 1 request\n"))
  }

  @Test("steps are one gateway's: what came before is remembered, and the clock moves as told")
  func steps() {
    let (report, text) = CaseBench.one(
      """
      as: { user: ann, product: help }
      steps:
        - { ask: hi, expect: { cache: miss } }
        - { ask: hi, expect: { cache: exact, attempts: 0, cost: $0 } }
        - { wait: 10m, ask: hi, expect: { cache: miss } }
        - { ask: hi, expect: { cache: exact } }
        - { invalidate: { tag: faq }, ask: hi, expect: { cache: miss } }
        - { wait: 61s }
        - { ask: hi, times: 5, expect: { status: 200 } }
        - ask: hi
          expect: { status: 429, code: rate_limit_exceeded, exits: { limit per-user: refused } }
        - { ask: hi, as: { user: bob, product: help }, expect: { status: 200 } }
      """
    )
    #expect(report.failed == 0, "\(text)")
    #expect(report.requests == 12)
  }

  @Test("two cases share nothing")
  func apart() {
    let cases = (1...3)
      .map {
        "  - { name: case \($0), ask: hi, expect: { cache: miss, budgets: { day: { held: $0 } } } }"
      }
    let (report, text) = CaseBench.report(
      "sluice-test: v1\ncases:\n" + cases.joined(separator: "\n")
    )
    #expect(report.passed == 3, "\(text)")
  }

  @Test("requests in the background run while the next steps do")
  func background() {
    let (report, text) = CaseBench.one(
      """
      as: { user: ann, product: none }
      upstreams: { two: { latency: 5s } }
      steps:
        - { ask: slow, times: 2, background: true, expect: { status: 200 } }
        - { ask: third, expect: { status: 429, exits: { limit at-once: refused } } }
        - { wait: 6s, ask: third, expect: { status: 200 } }
      """
    )
    #expect(report.failed == 0, "\(text)")
    let wrong = CaseBench.one(
      """
      as: { user: ann, product: none }
      steps:
        - { ask: slow, times: 2, background: true, expect: { status: 201 } }
      """
    )
    #expect(wrong.report.cases[0].failures.map(\.number) == [1, 2])
  }

  @Test("a breaker opens, lets a probe through, and closes as the clock says")
  func breaker() {
    let (report, text) = CaseBench.one(
      """
      as: { user: ann, product: none }
      models: { big: 500 }
      steps:
        - { ask: a hard one, expect: { model: small, breakers: { big: closed } } }
        - { ask: a hard one, expect: { model: small, breakers: { big: open } } }
        - { ask: a hard one, expect: { attempts: [small], exits: { breaker: open } } }
        - { wait: 30s, models: { big: ok }, expect: { breakers: { big: half_open } } }
        - { ask: a hard one, expect: { model: big, exits: { breaker: probe }, breakers: { big: closed } } }
        - { force: { big: open }, wait: 1m, ask: a hard one, expect: { model: small, exits: { breaker: forced } } }
        - { force: { big: none }, health: { one: down }, ask: a hard one, expect: { exits: { breaker: unhealthy } } }
        - { health: { one: up }, ask: a hard one, expect: { model: big } }
      """
    )
    #expect(report.failed == 0, "\(text)")
  }

  @Test("a person's switch stops whom it names, until it is taken back")
  func kill() {
    let (report, text) = CaseBench.one(
      """
      as: { user: ann, product: none }
      steps:
        - { kill: { user: ann, for: 5m }, ask: hi, expect: { status: 429, exits: { switches: denied } } }
        - { ask: hi, as: { user: bob, product: none }, expect: { status: 200 } }
        - { revive: { user: ann }, ask: hi, expect: { status: 200 } }
        - { kill: everything, ask: hi, expect: { status: 429 } }
        - { revive: everything, ask: hi, expect: { status: 200 } }
      """
    )
    #expect(report.failed == 0, "\(text)")
  }

  @Test(
    "upstreams hang, refuse, reset, stall, cut and answer nonsense",
    arguments: TestBehaviour.Fault.allCases
  )
  func faults(fault: TestBehaviour.Fault) {
    let (report, text) = CaseBench.one(
      """
      as: { user: ann, product: none }
      models: { big: \(fault.rawValue) }
      ask: a hard one
      expect: { attempts: [big, small], status: 200, model: small }
      """
    )
    #expect(report.failed == 0, "\(text)")
  }

  @Test("every path that a model answers can be asked", arguments: TestAsk.Path.allCases)
  func paths(path: TestAsk.Path) {
    let expectation: String
    switch path {
    case .chat, .completions: expectation = "{ status: 200, model: small, answer: word word }"
    case .embeddings: expectation = "{ status: 400, code: unsupported_model }"
    case .models: expectation = "{ status: 200, exits: { models: listed } }"
    }
    let (report, text) = CaseBench.one(
      """
      models: { small: { output: 2 } }
      ask: { prompt: hi, path: \(path.rawValue) }
      expect: \(expectation)
      """
    )
    #expect(report.failed == 0, "\(text)")
  }

  @Test("a body is sent as it is written")
  func body() {
    let (report, text) = CaseBench.one(
      """
      ask: { body: '{"model": "auto"' }
      expect: { status: 400, code: invalid_json, exits: { request: refused } }
      """
    )
    #expect(report.failed == 0, "\(text)")
  }

  @Test("one run is as another, byte by byte")
  func determinism() {
    let tests = """
      sluice-test: v1
      cases:
        - { name: one, models: { small: [500, ok] }, ask: hi, expect: { status: 500 } }
        - { name: two, ask: { prompt: a hard one, stream: true }, expect: { cost: $1 } }
      """
    let first = CaseBench.report(tests, isCovered: true).text
    for _ in 0..<5 { #expect(CaseBench.report(tests, isCovered: true).text == first) }
  }

  @Test("a case stops at its first step that fails")
  func stops() {
    let (report, _) = CaseBench.one(
      """
      steps:
        - { ask: hi, expect: { status: 404, model: big } }
        - { ask: hi, expect: { status: 404 } }
      """
    )
    #expect(report.cases[0].failures.map(\.key) == ["status", "model"])
    #expect(report.requests == 1)
  }

  @Test("a filter runs the cases whose names hold it; the first failure may be the last")
  func choosing() throws {
    let compiled = CaseBench.compiled(
      """
      sluice-test: v1
      cases:
        - { name: Breakers open, ask: hi, expect: { status: 500 } }
        - { name: caches keep, ask: hi, expect: { status: 200 } }
        - { name: breakers close, ask: hi, expect: { status: 500 } }
      """
    )
    let runner = TestRunner(try #require(compiled.policy), of: compiled, .approximate)
    #expect(
      runner.run(filter: "breakers").cases.map(\.name) == ["Breakers open", "breakers close"]
    )
    let stopped = runner.run(stopsAtFailure: true)
    #expect(stopped.cases.count == 1)
    #expect(stopped.rendered(as: .human, of: compiled.bundle).contains("1 failed, 2 not run"))
  }
}

@Suite("Coverage of cases")
struct CaseCoverageTests {
  private func coverage(_ cases: String) throws -> TestCoverage {
    let (report, text) = CaseBench.report("sluice-test: v1\ncases:\n" + cases, isCovered: true)
    #expect(report.failed == 0, "\(text)")
    return try #require(report.coverage)
  }

  @Test("a route, a condition and an exit count once a case has seen them")
  func counts() throws {
    let plain = try coverage("  - { name: one, ask: hi }")
    #expect(plain.count(of: .routes) == (1, 3))
    // is_hard, and the `when` of hard, long and the switch: each false, and none true.
    #expect(plain.count(of: .conditions) == (4, 8))
    let seen = Set(plain.items.filter(\.isSeen).map(\.name))
    #expect(seen.contains("route rest"))
    #expect(seen.contains("when of route hard: false"))
    #expect(seen.contains("limit per-user: admitted"))
    #expect(!seen.contains("limit per-user: refused"))
    let more = try coverage(
      """
        - { name: one, ask: hi }
        - { name: two, ask: a hard one }
        - { name: three, ask: { prompt: "long ", repeat: 200 } }
      """
    )
    #expect(more.count(of: .routes) == (3, 3))
    #expect(more.seen > plain.seen)
    #expect(more.reaches(millionths: 0))
    #expect(!more.reaches(millionths: 1_000_000))
  }

  @Test("what was never seen is told with its place")
  func told() {
    let (_, text) = CaseBench.report(
      "sluice-test: v1\ncases:\n  - { name: one, ask: hi }",
      isCovered: true
    )
    #expect(text.contains("never seen: route hard"))
    #expect(text.contains("policy.yaml:24:11"))
    #expect(text.contains("routes 1/3"))
  }

  @Test("a switch's condition is seen to hold when it throws the switch")
  func switches() throws {
    let thrown = try coverage(
      "  - { name: one, ask: hard, models: { big: { usage: { prompt: 6000, completion: 1 } } } }"
    )
    let seen = Set(thrown.items.filter(\.isSeen).map(\.name))
    #expect(seen.contains("when of kill switch runaway: true"))
    #expect(!seen.contains("when of kill switch runaway: false"))
  }
}
