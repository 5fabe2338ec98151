import SluiceCore
import SluiceLanguage
import Testing

/// Files of tests: what they say is bound, and every mistake is told at its place.
@Suite("Files of tests")
struct TestFileTests {
  static let policy = """
    sluice: v1
    identity: { anonymous: { tier: free, products: [help] } }
    upstreams: { sim: { api: simulated } }
    models: { small: { upstream: sim, context: 16k, max_output: 4k, price: free } }
    tiers: { free: {} }
    targets: { fast: [small] }
    routes: [{ name: all, to: fast }]
    products: { help: {} }
    limits: { tokens: { rate: 200k tokens/m } }
    budgets: { day: { per: day, limit: $100 } }
    kill_switches: { runaway: { when: spend("1m") > usd("5"), do: deny } }
    """

  /// A file that uses every key.
  static let everything = """
    sluice-test: v1
    at: 2026-03-01T12:00:00Z
    as: { user: ada, tenant: acme, tier: free, product: help, products: [help], ip: 10.0.0.7 }
    upstreams: { sim: ok }
    models: { small: [500, ok] }
    cases:
      - name: short
        at: 2026-03-01T12:00:00Z
        as: stranger
        upstreams: { sim: { status: 503, code: overloaded, retry_after: 7s } }
        models: { small: { fault: cut, after: 3, answer: a b c, output: 5, ignores_limit: true, latency: 1s, gap: 1ms, usage: { prompt: 1, completion: 2, cached: 1, reasoning: 1 } } }
        ask: { body: '{}', path: embeddings, headers: { X-Sluice-Tag: t }, leaves: 1s }
        expect: { status: 400 }
      - name: long
        steps:
          - upstreams: { sim: hang }
            models: { small: { usage: none } }
            wait: 1m30s
            kill: { tenant: acme, user: ada, tier: free, product: help, model: small, do: cache_only, for: 15m, cut_running: true }
            force: { small: open }
            health: { sim: down }
            ask: { prompt: hi, repeat: 2, system: be kind, model: small, stream: true, max_tokens: 5, n: 1 }
            as: { product: help }
            times: 3
            background: true
            expect:
              status: 200
              code: none
              route: all
              target: fast
              model: small
              cache: bypass
              exits: { limit tokens: admitted, attempt: [failed, answered], retry: [] }
              attempts: [small]
              cost: $0.01
              held: $0.01
              clamp: 16
              reserved: { tokens: 16 }
              headers: { Retry-After: none }
              answer: a b
              ends: whole
              within: 2s
              breakers: { small: half_open }
              budgets: { day: { spent: $0, held: $0, remaining: $1, key: '' } }
              kill_switches: { runaway: off }
          - revive: { tenant: acme, user: ada, tier: free, product: help, model: small }
          - invalidate: { product: help }
          - invalidate: { tag: catalog }
          - expect: { budgets: { day: $1 } }
    """

  private static func check(_ tests: String) -> CheckedBundle {
    Language.check(
      Bundle(texts: [("tests.yaml", tests), ("policy.yaml", policy)]),
      withTests: true
    )
  }

  private static func text(_ checked: CheckedBundle) -> String {
    checked.findings.rendered(as: .human, of: checked.bundle)
  }

  @Test("the file with every key has no finding")
  func whole() {
    let checked = Self.check(Self.everything)
    #expect(checked.findings.isEmpty, "\(Self.text(checked))")
    #expect(checked.tests.cases.map(\.name) == ["short", "long"])
    let step = checked.tests.cases[1].steps[0]
    #expect(step.expectations.count == 23)
    #expect(step.wait == .seconds(90))
    #expect(step.orders.count == 3)
    #expect(step.ask?.times == 3)
    // What the file says of upstreams comes first.
    #expect(step.behaviours.count == 4)
  }

  @Test("what serves does not read the cases")
  func unread() {
    let bundle = Bundle(
      texts: [("tests.yaml", "sluice-test: v1\nkases: 7\n"), ("policy.yaml", Self.policy)]
    )
    #expect(Language.check(bundle).findings.isEmpty)
    #expect(Language.check(bundle, withTests: true).findings.haveErrors)
  }

  /// Every key of a map with fixed keys, with the names of the maps above it.
  private static func keys(
    _ node: YAMLNode,
    under parent: String,
    _ body: (YAMLScalar) -> Void
  ) {
    let named: Set<String> = [
      "upstreams", "models", "breakers", "budgets", "kill_switches", "reserved", "headers",
      "exits", "force", "health",
    ]
    switch node.content {
    case .null, .scalar: break
    case .sequence(let items): for item in items { keys(item, under: parent, body) }
    case .mapping(let mapping):
      for entry in mapping.entries {
        let isNamed = named.contains(parent)
        if !isNamed { body(entry.key) }
        keys(entry.value, under: isNamed ? "" : entry.name, body)
      }
    }
  }

  @Test("every key misspelt is told at its place, with the right one")
  func misspelt() {
    var findings = Findings()
    let bundle = Bundle(texts: [("tests.yaml", Self.everything)])
    let document = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    var seen: Set<String> = []
    Self.keys(document.root, under: "") { key in
      seen.insert(key.text)
      guard key.text != "sluice-test" else { return }
      var bytes = Array(Self.everything.utf8)
      bytes.insert(UInt8(ascii: "x"), at: key.span.end)
      let checked = Self.check(String(decoding: bytes, as: UTF8.self))
      #expect(checked.policy == nil)
      let found = checked.findings.shown.first {
        $0.code == .unknownKey && $0.span.start == key.span.start
      }
      #expect(
        found?.message.contains("did you mean `\(key.text)`") == true,
        "\(key.text): \(Self.text(checked))"
      )
    }
    #expect(Set(Schema.tests.flatMap(\.names)).subtracting(seen).isEmpty)
  }

  struct Mistake: CustomTestStringConvertible, Sendable {
    var right: String
    var wrong: String
    var code: DiagnosticCode
    /// What the message or the help holds.
    var words: String
    var testDescription: String { wrong }
  }

  static let mistakes: [Mistake] = [
    Mistake(
      right: "{ sim: ok }",
      wrong: "{ sin: ok }",
      code: .unknownReference,
      words: "did you mean `sim`"
    ),
    Mistake(
      right: "small: [500, ok]",
      wrong: "smal: [500, ok]",
      code: .unknownReference,
      words: "did you mean `small`"
    ),
    Mistake(
      right: "{ sim: hang }",
      wrong: "{ sim: hung }",
      code: .unknownValue,
      words: "did you mean `hang`"
    ),
    Mistake(
      right: "{ sim: hang }",
      wrong: "{ sim: 700 }",
      code: .outOfRange,
      words: "from 200 to 599"
    ),
    Mistake(right: "{ sim: hang }", wrong: "{ sim: [] }", code: .wrongType, words: "an empty list"),
    Mistake(right: "wait: 1m30s", wrong: "wait: 90", code: .durationWithoutUnit, words: "wait"),
    Mistake(
      right: "wait: 1m30s",
      wrong: "wait: 1y",
      code: .badQuantity,
      words: "there is no unit `y`"
    ),
    Mistake(
      right: "at: 2026-03-01T12:00:00Z\nas",
      wrong: "at: tomorrow\nas",
      code: .badQuantity,
      words: "a time"
    ),
    Mistake(
      right: "tier: free, product: help, products",
      wrong: "tier: fre, product: help, products",
      code: .unknownReference,
      words: "did you mean `free`"
    ),
    Mistake(
      right: "ip: 10.0.0.7",
      wrong: "ip: 10.0.0.700",
      code: .badQuantity,
      words: "an address"
    ),
    Mistake(
      right: "as: stranger",
      wrong: "as: strange",
      code: .unknownValue,
      words: "did you mean `stranger`"
    ),
    Mistake(
      right: "fault: cut",
      wrong: "fault: cat",
      code: .unknownValue,
      words: "did you mean `cut`"
    ),
    Mistake(
      right: "retry_after: 7s",
      wrong: "retry_after: 7",
      code: .durationWithoutUnit,
      words: "retry_after"
    ),
    Mistake(
      right: "path: embeddings",
      wrong: "path: embedding",
      code: .unknownValue,
      words: "did you mean `embeddings`"
    ),
    Mistake(
      right: "body: '{}'",
      wrong: "body: '{}', prompt: hi",
      code: .conflictingKeys,
      words: "both"
    ),
    Mistake(right: "X-Sluice-Tag", wrong: "X Sluice", code: .badName, words: "header"),
    Mistake(
      right: "ask: { body",
      wrong: "steps: []\n    ask: { body",
      code: .conflictingKeys,
      words: "steps"
    ),
    Mistake(right: "times: 3", wrong: "times: 0", code: .outOfRange, words: "from 1"),
    Mistake(
      right: "background: true",
      wrong: "background: maybe",
      code: .wrongType,
      words: "a boolean"
    ),
    Mistake(
      right: "- revive",
      wrong: "- times: 3\n        revive",
      code: .missingKey,
      words: "ask"
    ),
    Mistake(
      right: "- revive",
      wrong: "- expect: { status: 200 }\n        revive",
      code: .missingKey,
      words: "expects a `status`"
    ),
    Mistake(right: "do: cache_only", wrong: "do: cache", code: .unknownValue, words: "cache_only"),
    Mistake(
      right: "force: { small: open }",
      wrong: "force: { small: opened }",
      code: .unknownValue,
      words: "did you mean `open`"
    ),
    Mistake(
      right: "health: { sim: down }",
      wrong: "health: { sims: down }",
      code: .unknownReference,
      words: "did you mean `sim`"
    ),
    Mistake(
      right: "name: long",
      wrong: "name: short",
      code: .duplicateName,
      words: "declared twice"
    ),
    Mistake(
      right: "route: all",
      wrong: "route: al",
      code: .unknownReference,
      words: "did you mean `all`"
    ),
    Mistake(
      right: "target: fast",
      wrong: "target: fats",
      code: .unknownReference,
      words: "did you mean `fast`"
    ),
    Mistake(right: "cache: bypass", wrong: "cache: hit", code: .unknownValue, words: "exact"),
    Mistake(
      right: "attempts: [small]",
      wrong: "attempts: [smal]",
      code: .unknownReference,
      words: "did you mean `small`"
    ),
    Mistake(right: "cost: $0.01", wrong: "cost: 0.01", code: .quantityWithoutUnit, words: "cost"),
    Mistake(
      right: "reserved: { tokens",
      wrong: "reserved: { token",
      code: .unknownReference,
      words: "did you mean `tokens`"
    ),
    Mistake(
      right: "ends: whole",
      wrong: "ends: hole",
      code: .unknownValue,
      words: "did you mean `whole`"
    ),
    Mistake(
      right: "half_open",
      wrong: "half-open",
      code: .unknownValue,
      words: "did you mean `half_open`"
    ),
    Mistake(
      right: "{ day: $1 }",
      wrong: "{ dya: $1 }",
      code: .unknownReference,
      words: "did you mean `day`"
    ),
    Mistake(
      right: "runaway: off",
      wrong: "runaway: of",
      code: .unknownValue,
      words: "did you mean `off`"
    ),
    Mistake(
      right: "status: 200",
      wrong: "status: 2000",
      code: .outOfRange,
      words: "from 100 to 599"
    ),
    Mistake(
      right: "- invalidate: { product: help }",
      wrong: "- {}",
      code: .missingKey,
      words: "ask"
    ),
    Mistake(
      right: "  - name: short\n",
      wrong: "  - name: ''\n",
      code: .wrongType,
      words: "a sentence"
    ),
    Mistake(right: "sluice-test: v1", wrong: "sluice-test: v2", code: .unknownKind, words: "v1"),
    Mistake(right: "cases:", wrong: "other:", code: .missingKey, words: "cases"),
  ]

  @Test("a mistake has its code, its words and its place", arguments: mistakes)
  func mistake(mistake: Mistake) throws {
    let parts = Self.everything.split(
      separator: mistake.right,
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    try #require(parts.count == 2, "the file has no `\(mistake.right)`")
    let text = parts[0] + mistake.wrong + parts[1]
    let checked = Self.check(String(text))
    let rendered = Self.text(checked)
    let found = checked.findings.shown.filter { $0.code == mistake.code }
    #expect(!found.isEmpty, "\(rendered)")
    #expect(rendered.contains(mistake.words), "\(rendered)")
    let change = parts[0].utf8.count..<(parts[0].utf8.count + mistake.wrong.utf8.count)
    // A line or so around: what is missing is told at what lacks it.
    let near = (change.lowerBound - 12)...(change.upperBound + 12)
    #expect(
      found.contains {
        $0.span.source.index == 0 && ($0.span.start == 0 || near.contains($0.span.start))
      },
      "\(rendered)"
    )
  }

  @Test("a file with any one byte flipped, or cut anywhere, is checked to the end")
  func flipped() {
    let clean = Array(Self.everything.utf8)
    for index in stride(from: 0, to: clean.count, by: 3) {
      var bytes = clean
      bytes[index] ^= index % 2 == 0 ? 0x01 : 0x80
      let bundle = Bundle(files: [("tests.yaml", bytes), ("policy.yaml", Array(Self.policy.utf8))])
      let checked = Language.check(bundle, withTests: true)
      let isWhole = (checked.policy == nil) == checked.findings.haveErrors
      #expect(isWhole)
      _ = checked.findings.rendered(as: .human, of: checked.bundle)
    }
  }
}
