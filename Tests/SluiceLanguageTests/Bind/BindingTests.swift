import SluiceCore
import SluiceExpressions
import SluicePolicy
import Testing

@testable import SluiceLanguage

@Suite("Binding")
struct BindingTests {
  private static let base = """
    sluice: v1
    upstreams:
      sim: { api: simulated }
    models:
      small: { upstream: sim, context: 16k, max_output: 4k, price: free }
    targets:
      fast: [small]

    """
  private static let rest = "routes: [{ name: rest, to: fast }]\n"

  private func check(
    _ text: String,
    overrides: PolicyOverrides = PolicyOverrides()
  ) -> CheckedBundle {
    Language.check(Bundle(texts: [("policy.yaml", text)]), overrides: overrides)
  }

  private func codes(_ checked: CheckedBundle) -> [String] {
    checked.findings.shown.map(\.code.id)
  }

  @Test("sections that are maps merge over files, in the order of the files")
  func merging() throws {
    let checked = Language.check(
      Bundle(texts: [
        ("a.yaml", Self.base + "limits:\n  first: { rate: 5/s }\n"),
        ("b.yaml", "sluice: v1\nlimits:\n  second: { rate: 7/s }\n" + Self.rest),
      ])
    )
    let policy = checked.policy
    #expect(try #require(policy).limits.map(\.name) == ["first", "second"])
  }

  @Test("one name in two files is told with both places")
  func duplicates() {
    let checked = Language.check(
      Bundle(texts: [
        ("a.yaml", Self.base + Self.rest),
        ("b.yaml", "sluice: v1\ntargets:\n  fast: [small]\n" + Self.rest),
      ])
    )
    #expect(codes(checked) == ["SL0106", "SL0117"])
    let places = checked.findings.shown.map { finding in
      (finding.seconds.map(\.span) + [finding.span])
        .map {
          checked.bundle.place(of: $0).description
        }
    }
    #expect(places == [["a.yaml:7:3", "b.yaml:3:3"], ["a.yaml:8:1", "b.yaml:4:1"]])
  }

  @Test("lists of the policy stand in the order that indexes mean")
  func order() throws {
    let checked = check(
      """
      sluice: v1
      upstreams: { sim: { api: simulated } }
      models:
        zeta: { upstream: sim, context: 16k, max_output: 4k, price: free }
        alpha: { upstream: sim, context: 16k, max_output: 4k, price: free }
      targets:
        last: [zeta, alpha]
        first: { split: { last: 100% }, by: user.id }
      routes: [{ name: rest, to: first }]
      """
    )
    let found = checked.policy
    let policy = try #require(found)
    #expect(policy.models.map(\.name) == ["alpha", "zeta"])
    #expect(policy.targets.map(\.name) == ["first", "last"])
    guard case .candidates(let models) = policy.targets[1].kind else {
      Issue.record("`last` has candidates")
      return
    }
    #expect(models.map { policy[$0].name } == ["zeta", "alpha"])
    #expect(policy.routes[0].destination == .target(TargetIndex(0)))
  }

  @Test("features are typed by what they use, whatever their order")
  func features() throws {
    let checked = check(
      Self.base + """
        features:
          a: features.b + 1
          b: size(prompt.text)
          c: features.a > 5 && features.d
          d: request.stream
        routes:
          - { name: long, when: features.c, to: fast }
          - { name: rest, to: fast }
        """
    )
    let found = checked.policy
    let policy = try #require(found)
    #expect(policy.features.map(\.name) == ["a", "b", "c", "d"])
    #expect(policy.features.map(\.value.checked.type) == [.int, .int, .bool, .bool])
    #expect(policy.features.map(\.slot) == (0..<4).map { PolicyVariable.slot(ofFeature: $0) })
  }

  @Test(
    "match is another spelling of CEL",
    arguments: [
      ("product: support", #"product == "support""#),
      ("user.tier: [free, premium]", #"user.tier in ["free", "premium"]"#),
      (
        "request.max_tokens: { ge: 1k, lt: 16Ki }",
        "request.max_tokens >= 1000 && request.max_tokens < 16384"
      ),
      ("user.tier: { not: free }", #"user.tier != "free""#),
      ("user.tier: { not: [free, premium] }", #"!(user.tier in ["free", "premium"])"#),
      ("request.model: { prefix: sm }", #"request.model.startsWith("sm")"#),
      ("request.stream: true", "request.stream == true"),
      ("request.temperature: { le: 1 }", "request.temperature <= 1.0"),
      ("tenant: \"5\"", #"tenant == "5""#),
      ("tenant: 'a\"b\\c'", #"tenant == "a\"b\\c""#),
      ("now: { lt: \"2026-01-01T00:00:00Z\" }", #"now < timestamp("2026-01-01T00:00:00Z")"#),
      ("features.is_long: true", "features.is_long == true"),
    ]
  )
  func match(text: String, expression: String) throws {
    let checked = check(
      Self.base + """
        tiers: { free: { models: [small] }, premium: {} }
        products: { support: {} }
        features: { is_long: size(prompt.text) > 800 }
        routes:
          - { name: one, match: { \(text) }, to: fast }
          - { name: two, when: features.is_long && user.id == "x", to: fast }
          - { name: rest, to: fast }
        """
    )
    #expect(
      checked.findings.shown.allSatisfy { $0.code == .unreachableRoute },
      "\(checked.findings.rendered(as: .short, of: checked.bundle))"
    )
    let policy = checked.policy
    #expect(policy == nil || policy?.routes.first?.condition?.checked.canonicalText == expression)
  }

  @Test("match and when must both hold")
  func matchAndWhen() throws {
    let checked = check(
      Self.base + """
        tiers: { free: {} }
        routes:
          - name: one
            match: { user.tier: free, request.stream: true }
            when: tenant == "a" || tenant == "b" // either
            to: fast
          - { name: rest, to: fast }
        """
    )
    #expect(
      checked.policy?.routes.first?.condition?.checked.canonicalText
        == #"user.tier == "free" && request.stream == true && (tenant == "a" || tenant == "b")"#
    )
  }

  @Test("flags count instead of the file, and the file's other value is a warning")
  func overrides() throws {
    let text = Self.base + "server: { listen: [127.0.0.1:1], admin: 127.0.0.1:2 }\n" + Self.rest
    let checked = check(
      text,
      overrides: PolicyOverrides(listen: ["127.0.0.1:3"], admin: "127.0.0.1:2")
    )
    let found = checked.policy
    let policy = try #require(found)
    #expect(policy.server.listen.map(\.text) == ["127.0.0.1:3"])
    #expect(policy.server.admin.text == "127.0.0.1:2")
    #expect(codes(checked) == ["SL0112"])
    #expect(!checked.findings.haveErrors)
    let shown = checked.findings.rendered(as: .human, of: checked.bundle)
    #expect(shown.contains("--listen"))
  }

  @Test("an address from a flag is checked like one from a file")
  func exposedByFlag() {
    let open = check(
      Self.base + Self.rest,
      overrides: PolicyOverrides(listen: ["0.0.0.0:8080"])
    )
    #expect(codes(open) == ["SL0115"])
    let shown = open.findings.rendered(as: .human, of: open.bundle)
    #expect(shown.contains("--listen:1:1"), "\(shown)")
    let closed = check(
      Self.base + "identity: { keys: keys.jsonl }\n" + Self.rest,
      overrides: PolicyOverrides(listen: ["0.0.0.0:8080"])
    )
    #expect(codes(closed).isEmpty)
    let bad = check(
      Self.base + Self.rest,
      overrides: PolicyOverrides(listen: ["nowhere"], admin: "[::1]")
    )
    #expect(codes(bad) == ["SL0118", "SL0118"])
    let same = check(
      Self.base + Self.rest,
      overrides: PolicyOverrides(listen: ["127.0.0.1:8080"], admin: "127.0.0.1:8080")
    )
    #expect(codes(same) == ["SL0106"])
  }

  @Test("without identity, callers without a key are let in; with it, only what it says")
  func identityDefaults() {
    #expect(check(Self.base + Self.rest).policy?.identity.anonymous != nil)
    let keys = check(Self.base + "identity: { keys: keys.jsonl }\n" + Self.rest)
    #expect(keys.policy?.identity.anonymous == nil)
    #expect(keys.policy != nil)
  }

  @Test("paths behind file: are relative to the file that names them")
  func files() throws {
    let text =
      Self.base.replacing(
        "sim: { api: simulated }",
        with: "sim: { api: openai, url: file:url.txt, secret: file:/run/secret }"
      ) + Self.rest
    let checked = Language.check(Bundle(texts: [("etc/policies/policy.yaml", text)]))
    let found = checked.policy
    let policy = try #require(found)
    #expect(
      policy.upstreams[0].api
        == .openai(url: .file("etc/policies/url.txt"), secret: .file("/run/secret"))
    )
  }

  @Test("places of a policy are the lines that decide")
  func places() throws {
    let checked = check(
      Self.base + """
        routes:
          - name: long
            when: |
              size(prompt.text) > 800
            to: fast
          - { name: rest, to: fast }
        """
    )
    let found = checked.policy
    let policy = try #require(found)
    #expect(policy.routes[0].place.description == "policy.yaml:9:11")
    #expect(policy.routes[0].condition?.place.description == "policy.yaml:10:11")
    #expect(policy.models[0].place.description == "policy.yaml:5:3")
    #expect(policy.server.listen[0].place == .builtIn)
  }

  @Test(
    "a place inside an expression is found in every style of YAML",
    arguments: [
      "when: «oops» > 1",
      "when: \"«oops» > 1\"",
      "when: '\"a\" == «oops»'",
      "when: \"\\\"a\\\" == «oops»\"",
      "when: |\n        request.stream &&\n        «oops» > 1",
      "when: >-\n        request.stream &&\n        «oops» > 1",
      "when: request.stream &&\n        «oops» > 1",
      "when: \"\\\"größe\\\" == «oops»\"",
      "when: 'prompt.text == ''ü'' || «oops»'",
    ]
  )
  func expressionPlaces(line: String) {
    let marked = MarkedText(Self.base + "routes:\n  - name: one\n    \(line)\n    to: fast\n")
    let checked = Language.check(marked.bundle)
    let spans = checked.findings.shown.filter { $0.code == .unknownVariable }.map(\.span.range)
    #expect(spans == marked.spans)
  }

  @Test("an empty bundle has no policy, and says so only once")
  func empty() {
    #expect(Language.check(Bundle()).findings.shown.isEmpty)
    #expect(codes(check("")) == ["SL0023"])
    let other = Language.check(
      Bundle(texts: [("t.yaml", "sluice-evidence: v1\n"), ("p.yaml", Self.base + Self.rest)])
    )
    #expect(codes(other) == ["SL0104"])
  }

  @Test("a file cut short tells its mistake, and not what is missing because of it")
  func truncated() {
    let checked = Language.check(
      Bundle(texts: [
        ("a.yaml", "sluice: v1\nupstreams: { sim: { api: simulated }\n"),
        (
          "b.yaml",
          Self.base.split(separator: "\n").filter { !$0.contains("sim: {") && $0 != "upstreams:" }
            .joined(separator: "\n") + "\n" + Self.rest
        ),
      ])
    )
    #expect(codes(checked) == ["SL0006"])
  }

  @Test("aliases give each use its own value, and one mistake is told once")
  func aliases() throws {
    let checked = check(
      """
      sluice: v1
      upstreams: { sim: { api: simulated } }
      models:
        small: &model { upstream: sim, context: 16k, max_output: 4k, price: free }
        large: *model
      targets: { fast: [small, large] }
      routes: [{ name: rest, to: fast }]
      """
    )
    let found = checked.policy
    #expect(try #require(found).models.map(\.name) == ["large", "small"])
    let wrong = check(
      """
      sluice: v1
      upstreams: { sim: { api: simulated } }
      models:
        small: &model { upstream: sim, context: 16kk, max_output: 4k, price: free }
        large: *model
      targets: { fast: [small, large] }
      routes: [{ name: rest, to: fast }]
      """
    )
    #expect(codes(wrong) == ["SL0108"])
  }

  @Test(
    "conditions that cannot be met, or cannot but be, are told",
    arguments: [
      (#"user.tier == "free" && user.tier == "premium""#, true),
      (#"user.tier != "free" || user.tier != "premium""#, true),
      (#"user.tier in ["free"] && !(user.tier in ["free"])"#, true),
      ("size(prompt.text) > 10 && size(prompt.text) < 5", true),
      ("request.max_tokens == 5 && request.max_tokens > 10", true),
      (#"user.tier == "free" || user.tier == "premium""#, false),
      (#"user.tier != "free" && user.tier != "premium""#, false),
      ("request.temperature > 1.0 && request.temperature < 2.0", false),
      ("request.max_tokens > 1 && request.max_tokens < 3", false),
      (#"tenant == "a" && product == "b""#, false),
    ]
  )
  func contradictions(condition: String, isConstant: Bool) {
    let checked = check(
      Self.base + """
        tiers: { free: { models: [small] }, premium: {} }
        products: { b: {} }
        routes:
          - name: one
            when: |
              \(condition)
            to: fast
          - { name: rest, to: fast }
        """
    )
    // What always holds leaves nothing to the last route.
    #expect(codes(checked).filter { $0 != "SL0201" } == (isConstant ? ["SL0602"] : []))
  }

  @Test(
    "a gap between the routes is shown by a request that falls through",
    arguments: [
      (#"user.tier in ["free", "premium"]"#, #"for example: user.tier: """#),
      (#"user.tier != "premium""#, #"for example: user.tier: "premium""#),
      ("!features.is_long", #"for example: prompt.text: "word word word word…""#),
      ("request.stream || !features.is_long", "request.stream: false"),
      (#"headers["x-a"] == "1""#, "for example: headers: {}"),
      ("now > timestamp(\"2026-01-01T00:00:00Z\")", "for example: now: timestamp"),
    ]
  )
  func gaps(condition: String, witness: String) {
    let checked = check(
      Self.base + """
        tiers: { free: { models: [small] }, premium: {} }
        features: { is_long: size(prompt.text) > 800 }
        routes:
          - name: one
            when: |
              \(condition)
            to: fast
        """
    )
    let notes = checked.findings.shown.filter { $0.code == .noDefaultRoute }.flatMap(\.notes)
    #expect(notes.count == 1)
    #expect(notes.first?.contains(witness) == true, "\(notes)")
  }

  @Test("a wrong secret is never shown")
  func secrets() {
    for value in ["hunter2", "sk-live-9f8e7d6c5b4a39281706f5e4", "\"two words\""] {
      let text = Self.base.replacing(
        "sim: { api: simulated }",
        with: "sim: { api: openai, url: http://a.internal, secret: \(value) }"
      )
      let checked = check(text + Self.rest)
      #expect(codes(checked) == ["SL0103"])
      for format in FindingsFormat.allCases {
        let shown = checked.findings.rendered(as: format, of: checked.bundle)
        #expect(!shown.contains(value.filter { $0 != "\"" }))
      }
    }
  }
}
