import FoundationEssentials
import SluiceLanguage
import Testing

@Suite("Lint")
struct LintTests {
  private static let base = """
    sluice: v1
    upstreams:
      sim: { api: simulated }
    models:
      small: { upstream: sim, context: 16k, max_output: 4k, price: free }
    targets:
      fast: [small]
    routes:
      - { name: rest, to: fast }

    """

  private func codes(_ more: String, _ lints: LintSelection = .standard) -> [String] {
    let checked = Language.check(Bundle(texts: [("policy.yaml", Self.base + more)]), lints: lints)
    return checked.findings.shown.map(\.code.id)
  }

  @Test("an allow at the end of a line, or on the lines above, silences what it names there")
  func allow() {
    let spare = "  per-user: { key: user.id, rate: 1/m }\n  spare: { key: user.id, rate: 2/m }"
    #expect(codes("limits:\n\(spare)\n") == ["SL0412"])
    #expect(codes("limits:\n\(spare)  # sluice:allow SL0412 \"soon\"\n") == [])
    let above = spare.replacing(
      "  spare",
      with: "  # sluice:allow SL0412 \"soon\"\n  # and a word more\n\n  spare"
    )
    #expect(codes("limits:\n\(above)\n") == [])
  }

  @Test("an allow of another code or line, without a reason or a code, is told")
  func uselessAllow() {
    let limits = "limits:\n  per-user: { key: user.id, rate: 1/m }"
    #expect(codes("\(limits) # sluice:allow SL0412 \"why\"\n") == ["SL0027"])
    #expect(codes("\(limits) # sluice:allow SL0412\n") == ["SL0026"])
    #expect(codes("\(limits) # sluice:allow SL9999 \"why\"\n") == ["SL0026"])
    #expect(codes("\(limits) # sluice:allow\n") == ["SL0026"])
    // A rule that is not asked for finds nothing, so nothing is said of what allows it.
    #expect(codes("\(limits) # sluice:allow SL0208 \"why\"\n") == [])
  }

  @Test(
    "a # inside a scalar is no comment",
    arguments: [
      "products:\n  support:\n    cache: { scope: user, ttl: 1h, tags: ['# sluice:allow SL0412'] }\n",
      "features:\n  _x: |-\n    prompt.text.contains(\"# sluice:allow\") || tenant == \"a\"\n",
      "features:\n  _x: prompt.text.contains(\"a#sluice:allow\")\n",
      "features:\n  _x: 'prompt.text.contains(\" # sluice:allow SL0412 \")'\n",
    ]
  )
  func noComment(text: String) {
    #expect(!codes(text).contains { $0.hasPrefix("SL002") })
  }

  @Test("rules of taste are told where they are selected; errors always are")
  func selection() throws {
    let two = "limits:\n  a: { key: user.id, rate: 1/m }\n  b: { key: user.id, rate: 2/m }\n"
    let some: Set<DiagnosticCode> = try #require(LintSelection.codes("sl01"))
    let only = LintSelection(selected: some)
    #expect(codes(two) == ["SL0412"])
    #expect(codes(two, only) == [])
    #expect(codes(two, LintSelection(ignored: [.limitDominated])) == [])
    let wrong = "limits:\n  a: { key: user.id, rate: 1 }\n"
    #expect(codes(wrong, only) == ["SL0107"])
    #expect(LintSelection.codes("SL99") == nil)
    #expect(LintSelection.codes("all")?.count == DiagnosticCode.allCases.count)
    let bundle = Bundle(texts: [
      (
        "policy.yaml",
        Self.base.replacing("[small]", with: "[small, other]")
          .replacing(
            "targets:",
            with: "  other: { upstream: sim, context: 8k, max_output: 4k, price: free }\ntargets:"
          )
      )
    ])
    #expect(Language.check(bundle).findings.isEmpty)
    let all = Language.check(bundle, lints: .everything).findings.shown.map(\.code)
    #expect(Set(all) == [.sharedUpstream, .fallbackLosesCapability])
  }

  @Test("a safe fix mends what it is for, from the end of the file backwards")
  func fixes() throws {
    let text = Self.base
      .replacing("to: fast", with: "too: fast")
      .replacing("upstream: sim,", with: "upstream: simm,")
      .replacing("context:", with: "contex:")
    let bundle = Bundle(texts: [("policy.yaml", text)])
    let checked = Language.check(bundle)
    #expect(checked.policy == nil)
    let files = SafeFixes.edited(bundle, by: checked.findings.shown)
    let bytes = try #require(files[SourceID(index: 0)])
    #expect(String(decoding: bytes, as: UTF8.self) == Self.base)
  }

  @Test("a pattern that is a plain text is replaced by what says so")
  func patternFix() throws {
    let text = Self.base.replacing(
      "  - { name: rest",
      with:
        "  - name: drafts\n    when: user.id.matches(\"^draft-\")\n    to: fast\n  - { name: rest"
    )
    let bundle = Bundle(texts: [("policy.yaml", text)])
    let findings = Language.check(bundle).findings.shown
    #expect(findings.map(\.code) == [.regexIsPlain])
    let files = SafeFixes.edited(bundle, by: findings)
    let mended = String(decoding: try #require(files[SourceID(index: 0)]), as: UTF8.self)
    #expect(mended == text.replacing("matches(\"^draft-\")", with: "startsWith(\"draft-\")"))
    #expect(Language.check(Bundle(texts: [("policy.yaml", mended)])).findings.isEmpty)
  }

  @Test("the table of rules in Docs/lint.md is the registry")
  func documentation() throws {
    let file = Repository.root.appending(component: "Docs").appending(component: "lint.md")
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    var table = "<!-- rules -->\n\n| code | name | what it finds |\n|---|---|---|\n"
    for code in DiagnosticCode.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
      let summary = try DocumentedPage(of: code).summary
      table += "| [\(code.id)](diagnostics/\(code.id).md) | \(code.name) | \(summary) |\n"
    }
    table += "\n<!-- end -->"
    let parts = text.split(
      separator: "<!-- rules -->",
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    let tail = parts.last?
      .split(separator: "<!-- end -->", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let rest = tail?.last else {
      Issue.record("Docs/lint.md has no table of rules")
      return
    }
    try Golden.compare(parts[0] + table + rest, with: file)
  }
}

/// Mistakes planted in the policies of this repository.
@Suite("Planted mistakes")
struct PlantedMistakeTests {
  struct Policy: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let files: [(path: String, bytes: [UInt8])]
  }

  static let policies: [Policy] = ["quickstart", "launch", "resilient"]
    .map { name in
      let path = Repository.root.appending(component: "policies").appending(component: name).path
      let (bundle, _) = BundleReader.load(paths: [path])
      return Policy(
        testDescription: name,
        // Mistakes in files of tests are planted in `TestFileTests`.
        files: bundle.files.filter { $0.isText && !$0.bytes.starts(with: "sluice-test".utf8) }
          .map { ($0.path, $0.bytes) }
      )
    }

  /// The scalars of a file: keys, and values with the key above them.
  private static func scalars(
    _ node: YAMLNode,
    under path: [String],
    _ body: (YAMLScalar, _ path: [String], _ isKey: Bool) -> Void
  ) {
    switch node.content {
    case .null: break
    case .scalar(let scalar): body(scalar, path, false)
    case .sequence(let items): for item in items { scalars(item, under: path, body) }
    case .mapping(let mapping):
      for entry in mapping.entries {
        body(entry.key, path, true)
        scalars(entry.value, under: path + [entry.name], body)
      }
    }
  }

  /// The findings of a policy with other bytes in one place of one file.
  private func findings(
    _ policy: Policy,
    _ index: Int,
    _ span: SourceSpan,
    _ text: String
  ) -> (bundle: Bundle, codes: [(code: DiagnosticCode, place: String)]) {
    var files = policy.files
    files[index].bytes.replaceSubrange(span.range, with: text.utf8)
    let checked = Language.check(Bundle(files: files))
    return (
      checked.bundle,
      checked.findings.shown.map { ($0.code, "\(checked.bundle.place(of: $0.span))") }
    )
  }

  private func each(
    _ policy: Policy,
    _ body: (Int, YAMLScalar, [String], Bool, String) -> Void
  ) {
    let bundle = Bundle(files: policy.files)
    for source in bundle.sources {
      var findings = Findings()
      let document = YAMLReader.read(source, of: bundle, &findings)
      Self.scalars(document.root, under: []) { scalar, path, isKey in
        body(source.index, scalar, path, isKey, "\(bundle.place(of: scalar.span))")
      }
    }
  }

  private static let named: Set<String> = [
    "upstreams", "models", "tiers", "features", "targets", "products", "limits", "tiers", "split",
    "match", "budgets", "kill_switches",
  ]

  @Test("a misspelt key is an unknown key at its line and column", arguments: policies)
  func keys(policy: Policy) {
    var count = 0
    each(policy) { file, scalar, path, isKey, place in
      guard isKey, !Self.named.contains(path.last ?? ""), scalar.text != "sluice" else { return }
      let found = findings(policy, file, scalar.span, "zz" + scalar.text).codes
      #expect(
        found.contains { $0.code == .unknownKey && $0.place == place },
        "\(path) \(scalar.text): \(found)"
      )
      count += 1
    }
    #expect(count > 30)
  }

  @Test("a broken reference is an unknown reference at its line and column", arguments: policies)
  func references(policy: Policy) {
    var count = 0
    each(policy) { file, scalar, path, isKey, place in
      let last = path.last ?? ""
      let isReference =
        (!isKey && ["upstream", "to"].contains(last))
        || (!isKey && path.first == "targets" && path.count == 2)
        || (!isKey && path.first == "tiers" && last == "models")
        || (isKey && path.first == "targets" && last == "split")
        || (isKey && path.first == "limits" && last == "tiers")
        || (!isKey && path.prefix(2) == ["identity", "anonymous"] && scalar.text != "false")
      guard isReference else { return }
      let found = findings(policy, file, scalar.span, "zz" + scalar.text).codes
      #expect(
        found.contains { $0.code == .unknownReference && $0.place == place },
        "\(path) \(scalar.text): \(found)"
      )
      count += 1
    }
    #expect(count > 5)
  }

  @Test("a quantity without its unit is told at its line and column", arguments: policies)
  func units(policy: Policy) {
    let durations: Set<String> = [
      "head", "body", "request", "idle", "drain", "latency", "connect", "first_byte", "total",
      "recovery", "window", "base", "volatility", "ttl", "stale_if_error", "interval", "timeout",
    ]
    var count = 0
    each(policy) { file, scalar, path, isKey, place in
      guard !isKey, let last = path.last, scalar.text.first?.isNumber == true || last == "input"
      else { return }
      let code: DiagnosticCode
      let broken: String
      if durations.contains(last) || (last == "jitter" && scalar.text != "full") {
        code = .durationWithoutUnit
        broken = String(scalar.text.prefix { $0.isNumber })
      } else if last == "rate" {
        code = .quantityWithoutUnit
        broken = String(scalar.text.prefix { $0.isNumber })
      } else if last == "input" || last == "output", path.contains("price") {
        code = .quantityWithoutUnit
        broken = String(scalar.text.dropLast(2))
      } else {
        return
      }
      let found = findings(policy, file, scalar.span, broken).codes
      #expect(
        found.contains { $0.code == code && $0.place == place },
        "\(path) \(scalar.text) → \(broken): \(found)"
      )
      count += 1
    }
    #expect(count > 5)
  }
}
