import FoundationEssentials
import SluiceCore
import SluiceLanguage
import SluicePolicy
import SluiceTestSupport
import Testing

@Suite("Mutated policies")
struct MutationTests {
  /// A policy that uses every key of the language.
  static let everything = """
    sluice: v1
    server:
      listen: [127.0.0.1:8080]
      admin: 127.0.0.1:9090
      max_body: 10MiB
      timeout: { head: 10s, body: 30s, request: 5m, idle: 75s, drain: 30s }
      durability: process
      on_ledger_failure: deny
      expose: [cache, model]
    identity:
      keys: keys.jsonl
      headers: { trust_from: [10.0.0.0/8], accept: [user] }
      anonymous: { tier: free, products: [support] }
    upstreams:
      remote:
        api: openai
        url: https://models.internal/v1
        secret: env:KEY
        ca: certificates/internal.pem
        timeout: { connect: 2s, first_byte: 20s, idle: 15s, total: 10m }
        breaker: { consecutive: 5, recovery: 60s, probes: 1 }
        retry: { attempts: 3, base: 1s, factor: 2, jitter: full, budget: 20% }
        health_check: { path: /models, interval: 10s, timeout: 2s, unhealthy_threshold: 3, healthy_threshold: 2 }
      simulator:
        api: simulated
        latency: 300ms
        output: 120
        failures: 2%
        seed: 1
        breaker: { ratio: 50%, min_calls: 20, window: 30s }
    models:
      small:
        upstream: remote
        id: small-1
        context: 16k
        max_output: 4k
        price:
          from: 2026-01-31
          input: $0.50/M
          cached_input: $0.25/M
          audio_input: $5/M
          output: $1.50/M
          reasoning: $2/M
          audio_output: $8/M
          above: { 8k: { input: $1/M, cached_input: $0.50/M, audio_input: $9/M, output: $3/M, reasoning: $4/M, audio_output: $9/M } }
        tokenizer: cl100k
        serves: [chat]
        output_field: max_tokens
      other: { upstream: simulator, context: 16k, max_output: 4k, price: free }
      _vectors: { upstream: remote, context: 8k, max_output: 1k, price: free, serves: [embeddings] }
    tiers:
      free: { models: [small] }
      premium: {}
    features:
      is_long: size(prompt.text) > 800
    targets:
      fast: [small, other]
      slow: [other]
      trial: { split: { fast: 95%, slow: 5% }, by: user.id }
    routes:
      - name: first
        when: features.is_long
        match: { user.tier: { not: free } }
        to: trial
      - name: rest
        to: fast
    products:
      support:
        volatility: 24h
        cache:
          scope: product
          ttl: 6h
          semantic: { threshold: 0.95, max_wrong: 1%, shadow: { share: 5%, budget: user-day }, embedder: _vectors }
          stale_if_error: 1h
          stale_while_revalidate: 10m
          key: user.tier
          tags: [catalog]
          store_fallbacks: true
    limits:
      per-user: { key: user.id, rate: 100/m, burst: 10, tiers: { premium: 200/m } }
      in-flight: { key: user.id, concurrent: 8 }
    budgets:
      user-day:
        per: day
        zone: Europe/Paris
        key: user.id
        limit: $2
        tiers: { premium: $20 }
        on_exceed: [clamp, { to: fast }, cache_only]
        warn_at: 80%
        min_runway: 1s
        min_output: 16
        notice: cut
    kill_switches:
      runaway:
        when: spend("1m") > usd("5")
        do: cache_only
        for: 15m
        clear_when: spend("1h") < usd("1")
        key: user.id
    """

  @Test("the policy with every key meets nothing but what is not served yet")
  func whole() {
    let evidence = """
      sluice-evidence: v1
      products:
        support:
          encoder: "\(Digest(of: []).hex)"
          rule: \(SemanticEvidence.rule)
          measured: 2026-11-01
          source: pairs
          points: [{ bar: 0.9, accepted: 400, wrong: 0 }]
      """
    let checked = Language.check(
      Bundle(texts: [("policy.yaml", Self.everything), ("evidence.yaml", evidence)])
    )
    let others = checked.findings.shown.filter { $0.code != .notServedYet }
    #expect(others.isEmpty, "\(checked.findings.rendered(as: .short, of: checked.bundle))")
  }

  /// The tables of a policy file; files of other kinds have their own.
  private static let tables = Schema.all.filter { !$0.path.hasPrefix("sluice-") }

  @Test("every key of every table misspelt is found at its place", arguments: tables)
  func misspelt(table: KeyTable) throws {
    for key in table.names {
      let places = Self.places(of: key, in: table)
      #expect(!places.isEmpty, "the policy does not use \(table.path).\(key)")
      for offset in places {
        var bytes = Array(Self.everything.utf8)
        bytes.insert(UInt8(ascii: "x"), at: offset + key.utf8.count)
        let bundle = Bundle(files: [("policy.yaml", bytes)])
        let checked = Language.check(bundle)
        #expect(checked.policy == nil)
        let span = SourceSpan(
          source: SourceID(index: 0),
          start: offset,
          end: offset + key.utf8.count + 1
        )
        let code: DiagnosticCode =
          table.path.isEmpty && key == "sluice" ? .unknownKind : .unknownKey
        let found = checked.findings.shown.first { $0.code == code && $0.span == span }
        #expect(
          found?.message.contains("did you mean `\(key)") == true,
          "\(table.path).\(key): \(checked.findings.rendered(as: .short, of: checked.bundle))"
        )
      }
    }
  }

  @Test("a deleted line, a misspelt word or a cut never gives a policy beside an error")
  func mutations() {
    var random = SplitMix(seed: 42)
    let lines = Self.everything.split(separator: "\n", omittingEmptySubsequences: false)
    let clean = Array(Self.served.utf8)
    for round in 0..<600 {
      var bytes: [UInt8]
      switch round % 4 {
      case 0:
        var kept = lines
        kept.remove(at: random.below(kept.count))
        bytes = Array(kept.joined(separator: "\n").utf8)
      case 1: bytes = Array(clean.prefix(random.below(clean.count)))
      case 2:
        bytes = clean
        bytes[random.below(bytes.count)] = UInt8(0x20 + random.below(0x5f))
      default:
        bytes = clean
        bytes.remove(at: random.below(bytes.count))
      }
      let checked = Language.check(Bundle(files: [("policy.yaml", bytes)]))
      let isWhole = (checked.policy == nil) == checked.findings.haveErrors
      #expect(isWhole, "round \(round): \(String(decoding: bytes, as: UTF8.self))")
      for finding in checked.findings.shown {
        #expect(finding.span.end <= bytes.count)
      }
      if let policy = checked.policy {
        let again = Language.check(
          Bundle(texts: [("printed.yaml", PolicyPrinter.print(policy))])
        )
        #expect(again.policy != nil, "round \(round): \(PolicyPrinter.print(policy))")
      }
    }
  }

  @Test("a policy with any one byte flipped, or cut anywhere, is checked to the end")
  func flippedBytes() {
    let clean = Array(Self.everything.utf8)
    for index in clean.indices {
      var bytes = clean
      bytes[index] ^= index % 2 == 0 ? 0x01 : 0x80
      let checked = Language.check(Bundle(files: [("policy.yaml", bytes)]))
      let isWhole = (checked.policy == nil) == checked.findings.haveErrors
      #expect(isWhole)
      _ = checked.findings.rendered(as: .short, of: checked.bundle)
    }
    for length in stride(from: 0, to: clean.count, by: 7) {
      let checked = Language.check(Bundle(files: [("policy.yaml", Array(clean.prefix(length)))]))
      let isWhole = (checked.policy == nil) == checked.findings.haveErrors
      #expect(isWhole)
    }
  }

  /// The policy without what is not served yet.
  static var served: String {
    let refused = ["breaker:", "retry:", "semantic:", "stale_if_error:"]
    var kept: [Substring] = []
    for line in everything.split(separator: "\n") {
      if line.hasPrefix("budgets:") { break }
      if !refused.contains(where: { line.contains($0) }) { kept.append(line) }
    }
    kept.append("budgets:\n  company: { per: day, limit: $100 }")
    return kept.joined(separator: "\n") + "\n"
  }

  @Test("the policy without what is not served yet has no finding")
  func cleanBase() {
    let checked = Language.check(Bundle(texts: [("policy.yaml", Self.served)]))
    #expect(checked.policy != nil)
    #expect(
      checked.findings.isEmpty,
      "\(checked.findings.rendered(as: .short, of: checked.bundle))"
    )
  }

  /// Where a key of a table stands in the policy, by walking the tree along the table's path.
  private static func places(of key: String, in table: KeyTable) -> [Int] {
    maps(of: table).compactMap { $0[key]?.keySpan.start }
  }

  /// The maps of the policy whose keys a table fixes.
  static func maps(of table: KeyTable) -> [YAMLMapping] {
    var findings = Findings()
    let bundle = Bundle(texts: [("policy.yaml", everything)])
    let document = YAMLReader.read(SourceID(index: 0), of: bundle, &findings)
    var nodes = [document.root]
    for step in table.path.split(separator: ".") {
      var name = String(step)
      let isList = name.hasSuffix("[]")
      if isList { name.removeLast(2) }
      nodes = nodes.flatMap { node -> [YAMLNode] in
        let entries = node.mapping?.entries ?? []
        return name == "*" ? entries.map(\.value) : node.mapping?[name].map { [$0.value] } ?? []
      }
      if isList { nodes = nodes.flatMap { $0.sequence ?? [] } }
    }
    return nodes.compactMap(\.mapping)
  }
}
