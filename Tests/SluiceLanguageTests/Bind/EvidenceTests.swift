import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@Suite("Files of evidence")
struct EvidenceTests {
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
  private static let encoder = Digest(of: [1])
  private static let today = CivilDate(year: 2026, month: 11, day: 24)

  /// Supports 0.87 for 1 %.
  private static let points = """
    [{ bar: 0.82, accepted: 790, wrong: 11 }, { bar: 0.90, accepted: 512, wrong: 0 },
         { bar: 0.87, accepted: 641, wrong: 2 }]
    """

  private static func evidence(
    _ product: String = "support",
    encoder: Digest = EvidenceTests.encoder,
    rule: Int = SemanticEvidence.rule,
    measured: String = "2026-11-01",
    points: String = EvidenceTests.points
  ) -> String {
    """
    sluice-evidence: v1
    products:
      \(product):
        encoder: "\(encoder.hex)"
        rule: \(rule)
        measured: \(measured)
        source: pairs
        points: \(points)

    """
  }

  private func check(
    _ semantic: String?,
    _ files: String...,
    encoder: Digest? = EvidenceTests.encoder
  ) -> CheckedBundle {
    let cache = semantic.map { ", semantic: { \($0) }" } ?? ""
    let policy =
      Self.base + "products:\n  support: { cache: { scope: product, ttl: 1h\(cache) } }\n"
    let texts = files.enumerated().map { ("evidence-\($0).yaml", $1) }
    return Language.check(
      Bundle(texts: [("policy.yaml", policy)] + texts),
      in: Surroundings(today: Self.today, encoder: encoder)
    )
  }

  private func codes(_ checked: CheckedBundle) -> [String] {
    checked.findings.shown.map(\.code.id)
  }

  private func bar(_ checked: CheckedBundle) -> Double? {
    checked.policy?.products.first?.cache?.semantic?.bar
  }

  @Test("the lowest bar that the counts support is what a hit needs, and the files are silent")
  func supported() throws {
    let checked = check("max_wrong: 1%", Self.evidence())
    #expect(codes(checked) == [])
    #expect(bar(checked) == 0.87)
    let policy = try #require(checked.policy)
    let evidence = try #require(policy.evidence.first)
    #expect(evidence.points.map(\.bar) == [0.9, 0.87, 0.82])
    #expect("\(evidence.place)" == "evidence-0.yaml:3:3")
    #expect(PolicyPrinter.print(policy).contains("max_wrong: 1%  # a hit needs 0.87\n"))
    // A looser promise is kept by a lower bar.
    #expect(bar(check("max_wrong: 3%", Self.evidence())) == 0.82)
  }

  @Test("with a threshold too, the higher of the two; one below the evidence is told")
  func both() {
    let above = check("threshold: 0.93, max_wrong: 1%", Self.evidence())
    #expect(codes(above) == [] && bar(above) == 0.93)
    let below = check("threshold: 0.83, max_wrong: 1%", Self.evidence())
    #expect(codes(below) == ["SL0322"] && bar(below) == 0.87)
    // Without a promise the threshold stands, held against 1 %.
    let alone = check("threshold: 0.83", Self.evidence())
    #expect(codes(alone) == ["SL0322"] && bar(alone) == 0.83)
    // Low, but measured.
    #expect(codes(check("threshold: 0.88", Self.evidence())) == [])
    #expect(codes(check("threshold: 0.88")) == ["SL0301"])
  }

  @Test("without evidence that counts, a promise takes the strict bar, and a finding says why")
  func strict() {
    let cases: [(CheckedBundle, [String])] = [
      (check("max_wrong: 1%"), ["SL0321"]),
      (check("max_wrong: 1%", Self.evidence(encoder: Digest(of: [2]))), ["SL0323"]),
      (check("max_wrong: 1%", Self.evidence(rule: SemanticEvidence.rule + 1)), ["SL0323"]),
      (
        check("max_wrong: 1%", Self.evidence(points: "[{ bar: 0.9, accepted: 298, wrong: 0 }]")),
        ["SL0324"]
      ),
      (
        check("max_wrong: 1%", Self.evidence(points: "[{ bar: 0.9, accepted: 400, wrong: 9 }]")),
        ["SL0324"]
      ),
    ]
    for (checked, expected) in cases {
      #expect(codes(checked) == expected)
      #expect(bar(checked) == ProductSettings.Semantic.strictBar)
    }
    // Where no encoder is known, none is another one.
    #expect(bar(check("max_wrong: 1%", Self.evidence(), encoder: nil)) == 0.87)
    #expect(check("threshold: 0.95").findings.shown.map(\.severity) == [.note])
  }

  @Test("old evidence is told and counts still; so is evidence of a day to come")
  func old() {
    let old = check("max_wrong: 1%", Self.evidence(measured: "2026-08-25"))
    #expect(codes(old) == ["SL0323"] && bar(old) == 0.87)
    #expect(codes(check("max_wrong: 1%", Self.evidence(measured: "2026-08-26"))) == [])
    #expect(codes(check("max_wrong: 1%", Self.evidence(measured: "2026-11-25"))) == [])
    #expect(codes(check("max_wrong: 1%", Self.evidence(measured: "2026-11-27"))) == ["SL0323"])
    let policy = Bundle(texts: [("e.yaml", Self.evidence(measured: "1999-01-01"))])
    // Without a day nothing is too old.
    #expect(!Language.check(policy).findings.shown.map(\.code.id).contains("SL0323"))
  }

  @Test("evidence for no product, for one without semantic caching, and twice for one, is told")
  func misplaced() {
    let misspelt = check("max_wrong: 1%", Self.evidence("suport"))
    #expect(Set(codes(misspelt)) == ["SL0101", "SL0321"])
    #expect(codes(check(nil, Self.evidence())) == ["SL0325"])
    let twice = check("max_wrong: 1%", Self.evidence(), Self.evidence())
    #expect(codes(twice) == ["SL0106"])
    #expect(twice.findings.shown.first?.seconds.count == 1)
  }

  @Test(
    "counts that cannot be are errors",
    arguments: [
      "[{ bar: 0.9, accepted: 3, wrong: 4 }]",
      "[{ bar: 0.9, accepted: 300, wrong: 0 }, { bar: 0.8, accepted: 299, wrong: 0 }]",
      "[{ bar: 0.9, accepted: 300, wrong: 2 }, { bar: 0.8, accepted: 400, wrong: 1 }]",
      "[{ bar: 0.9, accepted: 300, wrong: 0 }, { bar: 0.8, accepted: 301, wrong: 2 }]",
    ]
  )
  func impossible(points: String) {
    let checked = check("max_wrong: 1%", Self.evidence(points: points))
    #expect(codes(checked).contains("SL0326"))
    #expect(checked.policy == nil)
  }

  @Test(
    "what is no evidence is told where it stands",
    arguments: [
      ("sluice-evidence: v1\n", "SL0104"), ("sluice-evidence: v1\nproduct: {}\n", "SL0002"),
      ("sluice-evidence: v2\nproducts: {}\n", "SL0024"),
      (EvidenceTests.evidence(measured: "2026-02-30"), "SL0108"),
      (EvidenceTests.evidence(points: "[{ bar: 0.9, accepted: 3 }]"), "SL0104"),
      (EvidenceTests.evidence(points: "[{ bar: 1.9, accepted: 3, wrong: 0 }]"), "SL0109"),
      (EvidenceTests.evidence(points: "3"), "SL0105"),
      (EvidenceTests.evidence().replacing("pairs", with: "guesses"), "SL0111"),
      (EvidenceTests.evidence().replacing("encoder: \"", with: "encoder: \"x"), "SL0105"),
    ]
  )
  func malformed(text: String, code: String) {
    #expect(codes(check("threshold: 0.95", text)).contains(code))
  }
}
