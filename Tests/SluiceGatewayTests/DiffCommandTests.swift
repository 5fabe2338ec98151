import SluiceCompiler
import SluiceCore
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceReactor
import SluiceTestSupport
import Testing

@testable import SluiceGateway

@Suite("What a change of the policy changes")
struct DiffCommandTests {
  /// A token a word.
  private struct Words: TokenCounter {
    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
      guard !text.isEmpty else { return 0 }
      var count = 1
      for index in text.indices where text[index] == UInt8(ascii: " ") { count += 1 }
      return min(count, limit)
    }
    func lowerBound(bytes: Int) -> Int { min(bytes, 1) }
    func upperBound(bytes: Int) -> Int { bytes + 1 }
  }

  /// `nil`: some route can never be chosen, which is an error.
  private static func policy(_ text: String) -> Policy? {
    let compiled = Compiler.compile(Bundle(texts: [(path: "p.yaml", text: text)]))
    let isExpected = compiled.findings.shown.allSatisfy {
      $0.severity < .error || $0.code == .unreachableRoute
    }
    if !isExpected {
      Issue.record("\(text)\n\(compiled.findings.rendered(as: .short, of: compiled.bundle))")
    }
    return compiled.policy
  }

  @Test(
    "every request that differs is told, and every change is shown by a request",
    arguments: 0..<4
  )
  func random(part: Int) async throws {
    var random = SplitMix(seed: 9_000 + UInt64(part))
    let loops = try EventLoopGroup(count: 1)
    defer { loops.stop() }
    let loop = loops.loops[0]
    let tokens = PromptCount(Words(), remembering: RememberedCounts())
    var met: [String: Int] = [:]
    var pairs = 0
    while pairs < 15 {
      let one = RandomPolicy(&random)
      let two = one.changed(&random)
      guard let old = Self.policy(one.text), let new = Self.policy(two.text) else { continue }
      pairs += 1
      let analysis = PolicyDifference(old, new)
      let tracer = WitnessTracer(analysis, tokens: tokens)
      let requests = (0..<20).compactMap { _ in WitnessRequest(RandomPolicy.request(&random)) }
      let (shown, differing) = await Task(executorPreference: loop) {
        let shown = await tracer.run(in: loop)
        var differing: Set<Difference> = []
        for request in requests {
          differing.formUnion(await tracer.differences(of: request, in: loop))
        }
        return (shown, differing)
      }
      .value
      let report = DiffReport(analysis, shown)
      let itself = PolicyDifference(old, old)
      #expect(itself.findings.isEmpty && itself.isWhole)
      let told = Set(shown.map(\.difference))
      let missed = differing.subtracting(told)
      #expect(missed.isEmpty, "\(one.text)\n\(two.text)\n\(missed.map(\.sentence))")
      if report.verdict == .same { #expect(differing.isEmpty) }
      met[report.verdict.rawValue, default: 0] += 1
      met["changes", default: 0] += report.changes.count
      met["doubts", default: 0] += report.doubts.count
      met["requests that differ", default: 0] += differing.count
    }
    #expect(met["changes", default: 0] > 10 * met["doubts", default: 0], "\(met)")
    #expect(met["requests that differ", default: 0] > 10, "\(met)")
  }

  private static let base = """
    sluice: v1
    identity:
      anonymous: { tier: free, products: [support] }
    upstreams:
      sim: { api: simulated }
    models:
      small: { upstream: sim, context: 8k, max_output: 1k, price: { input: $1/M, output: $2/M } }
      large: { upstream: sim, context: 8k, max_output: 1k, price: { input: $5/M, output: $9/M } }
    tiers:
      free: { models: [small] }
      premium: {}
    targets:
      fast: [small]
      best: [large, small]
    features:
      has_code: prompt.text.contains("code")
    routes:
      - name: code
        when: features.has_code && user.tier == "premium"
        to: best
      - name: rest
        to: fast
    products:
      support:
        cache: { scope: product, ttl: 10m }
    limits:
      per-user: { key: user.id, rate: 100/m }
    budgets:
      day: { per: day, key: user.id, limit: $2, on_exceed: [clamp] }

    """

  private func diff(
    _ new: String,
    _ configure: (inout DiffCommand) -> Void = { _ in }
  ) async throws -> CommandAnswer {
    let folder = try TemporaryFolder()
    try folder.write(Self.base, to: "old.yaml")
    try folder.write(new, to: "new.yaml")
    var command = DiffCommand("\(folder.path)/old.yaml", "\(folder.path)/new.yaml")
    configure(&command)
    var answer = await command.run()
    answer.output = answer.output.replacing("\(folder.path)/", with: "")
    return answer
  }

  @Test("what says the same otherwise is no change")
  func same() async throws {
    let same = "no change: every request is treated alike\n"
    #expect(try await diff(Self.base) == CommandAnswer(output: same))
    let reworded = Self.base
      .replacing(
        "features.has_code && user.tier == \"premium\"",
        with: "features.coding && user.tier in ['premium']"
      )
      .replacing("has_code:", with: "coding:")
      .replacing("per: day, key: user.id, limit: $2", with: "limit: $2.00, key: user.id, per: day")
      .replacing("ttl: 10m", with: "ttl: 600s")
      .replacing("routes:", with: "# a comment\nroutes:")
    #expect(try await diff(reworded) { $0.failsOnChange = true } == CommandAnswer(output: same))
    let renamed = try await diff(Self.base.replacing("name: code", with: "name: coding"))
    #expect(renamed.output.hasPrefix("note: route code is called coding,"))
    #expect(renamed.output.hasSuffix(same))
    let moved = try await diff(
      Self.base.replacing("name: code", with: "name: coding")
        .replacing("to: best", with: "to: fast")
    )
    #expect(moved.output.contains("route code to best: large, small → route coding to fast: small"))
    #expect(!moved.output.contains("note:"))
    // Two routes that no request can tell apart from one.
    let split = Self.base.replacing(
      "  - name: rest\n",
      with:
        "  - name: streams\n    when: request.stream && !request.stream\n    to: best\n  - name: rest\n"
    )
    #expect(try await diff(split).output.hasSuffix(same))
  }

  @Test("a change is told with both places and a request that trace takes")
  func changed() async throws {
    let new = Self.base.replacing("ttl: 10m", with: "ttl: 5m")
    let answer = try await diff(new) { $0.failsOnChange = true }
    #expect(answer.status == .errors)
    #expect(
      answer.output == """
        cache
          cache of product support: ttl  10m → 5m
            at old.yaml:25:5 → new.yaml:25:5
            printf %s '{"model":"auto","messages":[{"role":"user","content":"hello"}]}' | sluice trace new.yaml --request - --as user=somebody,tier=,product=support
        1 change

        """
    )
    #expect(try await diff(new).status == .success)
  }

  @Test("each part of a policy that a request can tell is compared")
  func parts() async throws {
    let changes = [
      ("rate: 100/m", "rate: 90/m", "limit per-user: rate  100/m → 90/m"),
      ("per-user:", "by-user:", "limit per-user  renamed: per-user → by-user"),
      ("limit: $2", "limit: $3", "budget day: limit  $2.00 → $3.00"),
      ("day: {", "daily: {", "budget day  renamed: day → daily"),
      (
        "on_exceed: [clamp]", "on_exceed: [cache_only]",
        "budget day: on_exceed  [clamp] → [cache_only]"
      ),
      ("output: $9/M", "output: $8/M", "model large: price"),
      ("{ api: simulated }", "{ api: simulated, breaker: none }", "upstream.breaker"),
      (
        "[large, small]", "[small, large]",
        "to best: large, small → route code to best: small, large"
      ),
      ("fast: [small]", "fast: [large, small]", "price bound of a request"),
      ("features.has_code &&", "request.stream && features.has_code &&", "route code to best"),
      ("free: { models: [small] }", "free: {}", "→ route rest to fast: small"),
      (
        "tier: free, products", "tier: premium, products",
        "identity: anonymous.tier  free → premium"
      ),
      ("scope: product", "scope: user", "scope  product → user"),
      (
        "budgets:",
        "kill_switches:\n  stop: { when: spend(\"1m\") > usd(\"5\"), do: deny, for: 1m }\nbudgets:",
        "kill switch stop  added: "
      ),
    ]
    for (old, new, line) in changes {
      #expect(Self.base.contains(old))
      let answer = try await diff(Self.base.replacing(old, with: new))
      #expect(answer.output.contains(line), "\(new): \(answer.output)\(answer.notes)")
      #expect(!answer.output.contains("cannot"), "\(new): \(answer.output)")
    }
  }

  @Test("who is who is shown by a request without a key, or from a trusted network")
  func identity() async throws {
    let place = "anonymous: { tier: free, products: [support] }"
    let anonymous = try await diff(
      Self.base.replacing(place, with: "anonymous: { tier: premium, products: [support] }")
    )
    #expect(anonymous.output.contains("identity: anonymous.tier  free → premium"))
    #expect(anonymous.output.contains("| sluice trace new.yaml --request -\n"))
    let trusted = try await diff(
      Self.base.replacing(
        place,
        with: "\(place)\n  headers: { trust_from: [10.0.0.0/8], accept: [user] }"
      )
    )
    #expect(trusted.output.contains("identity: headers.trust_from  none → [10.0.0.0/8]"))
    #expect(
      trusted.output.contains(
        "--request - --as user=somebody,ip=10.0.0.0 --header 'X-Sluice-User: another'\n"
      ),
      "\(trusted.output)"
    )
  }

  @Test("a budget with another name starts from zero, and diff says so")
  func renamedBudget() async throws {
    let answer = try await diff(Self.base.replacing("day: {", with: "daily: {"))
    #expect(answer.output.contains("starts from zero under its new name"))
  }

  @Test("what cannot be shown is no change that is claimed")
  func undecided() async throws {
    let never = Self.base.replacing(
      "features.has_code &&",
      with: "size(prompt.text) < 2 && features.has_code &&"
    )
    // In truth nobody's request is that short and holds the word; lint does not know either.
    let answer = try await diff(never)
    #expect(answer.output.contains("route code to best"))
    let nobody = Self.base.replacing(
      "  - name: code\n",
      with:
        "  - name: none\n    when: size(prompt.text) < 2 && features.has_code\n    to: best\n  - name: code\n"
    )
    let unsure = try await diff(nobody) { $0.failsOnChange = true }
    #expect(unsure.output.contains("cannot decide\n  route  "))
    #expect(unsure.output.contains("no request was found that meets it"))
    #expect(unsure.output.hasSuffix("cannot decide: no change was shown, and none ruled out\n"))
    #expect(unsure.status == .errors)
  }

  @Test("words, tools and times are found that conditions ask for")
  func nearby() async throws {
    let conditions = [
      #"["compare", "judge"].exists(w, prompt.text.lowerAscii().contains(w))"#,
      #""search" in request.tools"#,
      "now.getHours() >= 18 && now.getDayOfWeek() == 6",
      #"prompt.text.matches("^hello")"#,
      "request.text.size() > 5000",
      "bucket(user.id, 100) < 50",
    ]
    for condition in conditions {
      let new = Self.base.replacing(
        "features.has_code && user.tier == \"premium\"",
        with: "|-\n      user.tier == \"premium\" && \(condition)"
      )
      let answer = try await diff(new)
      #expect(
        answer.output.contains("route rest to fast: small → route code to best: large, small"),
        "\(condition): \(answer.output)\(answer.notes)"
      )
    }
  }

  @Test("the requests can be kept, and programs can read it all")
  func files() async throws {
    let folder = try TemporaryFolder()
    let new = Self.base.replacing("ttl: 10m", with: "ttl: 5m")
    let answer = try await diff(new) {
      $0.witnesses = "\(folder.path)/kept"
      $0.format = .json
    }
    #expect(answer.output.contains(#""verdict":"changed""#))
    #expect(answer.output.contains(#""setting":"ttl","kind":"changed","old":{"value":"10m","#))
    #expect(
      try folder.read("kept/1.json")
        == #"{"model":"auto","messages":[{"role":"user","content":"hello"}]}"# + "\n"
    )
    #expect(try folder.read("kept/trace.sh").contains("--request \(folder.path)/kept/1.json --as"))
  }

  @Test("a policy with errors is not compared")
  func errors() async throws {
    let answer = try await diff(Self.base + "nonsense: 1\n")
    #expect(answer.status == .errors)
    #expect(answer.output.isEmpty && answer.notes.contains("error["))
    #expect(await DiffCommand("/nonexistent/a", "/nonexistent/b").run().status == .couldNotRun)
  }

  @Test("trace takes fields, a time and states")
  func traceMore() async throws {
    let folder = try TemporaryFolder()
    let conditions =
      #"headers["x-team"] == "a" && now < timestamp("2020-01-01T00:00:00Z") && "#
      + #"breaker("small").state == "open" && budget("day").remaining < usd("1")"#
    let text = Self.base.replacing(
      #"features.has_code && user.tier == "premium""#,
      with: "|-\n      \(conditions)"
    )
    try folder.write(text, to: "p.yaml")
    var command = TraceCommand(path: folder.path)
    command.asker = try TraceCommand.Asker("tier=premium")
    let body = Array(#"{"model":"auto","messages":[{"role":"user","content":"code"}]}"#.utf8)
    #expect(await command.run(body: body).output.contains("route rest"))
    try command.add(header: "X-Team: a")
    try command.come(at: "2019-05-01T10:00:00Z")
    try command.set(breaker: "small=open")
    try command.set(remaining: "day=$0.50")
    #expect(await command.run(body: body).output.contains("route code"))
    #expect(throws: Refusal.self) { try command.add(header: "nothing") }
    #expect(throws: Refusal.self) { try command.come(at: "today") }
    #expect(throws: Refusal.self) { try command.set(breaker: "small=ajar") }
    #expect(throws: Refusal.self) { try command.set(remaining: "day=much") }
  }
}
