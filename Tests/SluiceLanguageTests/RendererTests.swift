import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

@Suite("Renderers")
struct RendererTests {
  /// Two files and a folder, with one finding of each shape.
  private static let sample: (bundle: Bundle, findings: Findings) = {
    let routes = MarkedText(
      """
      sluice: v1
      routes:
        - name: «rest»
          to: fast
        - name: ünïcode-«paying»
        \twhen: "日本語👍🏽" == «x»
        - to: «sk-live-0123456789abcdefghij» # and a long comment, longer than what fits into the width of a line, so that it is cut
      """
    )
    let tiers = MarkedText("tiers:\n  «gold»: {}\n")
    var bundle = Bundle(texts: [("policies/routes.yaml", routes.text), ("tiers.yaml", tiers.text)])
    let folder = bundle.add(SourceText(placeAt: "elsewhere"))
    let file = SourceID(index: 0)
    func span(_ range: Range<Int>, _ source: SourceID) -> SourceSpan {
      SourceSpan(source: source, start: range.lowerBound, end: range.upperBound)
    }
    let rest = span(routes.spans[0], file)
    var findings = Findings()
    findings.report(
      .unreachableRoute("paying", at: span(routes.spans[1], file), takers: [("rest", rest)])
    )
    findings.report(
      .unknownReference(
        "tier",
        "golld",
        nearest: "gold",
        nearestAt: span(tiers.spans[0], SourceID(index: 1)),
        declared: ["gold", "silver"],
        at: span(routes.spans[2], file)
      )
    )
    findings.report(
      .plaintextSecret(
        "secret",
        reason: "it begins with `sk-`",
        at: span(routes.spans[3], file)
      )
    )
    findings.report(.noDefaultRoute(.witness("{product: image}"), at: rest.beginning))
    findings.report(.emptyBundle(at: SourceSpan(source: folder, start: 0, end: 0)))
    return (bundle, findings)
  }()

  private func compare(_ name: String, _ format: FindingsFormat, _ style: FindingsStyle) throws {
    let printed = Self.sample.findings.rendered(as: format, of: Self.sample.bundle, style: style)
    let file = Repository.tests.appending(component: "Golden").appending(component: "rendered")
      .appending(component: name)
    try Golden.compare(printed, with: file)
  }

  @Test("human shows lines, places and help")
  func human() throws { try compare("human.txt", .human, FindingsStyle()) }

  @Test("human on a narrow terminal cuts lines around the place and wraps texts")
  func narrow() throws { try compare("narrow.txt", .human, FindingsStyle(width: 50)) }

  @Test("human in colour is human plus colours")
  func color() {
    let (bundle, findings) = Self.sample
    let colored = findings.rendered(as: .human, of: bundle, style: FindingsStyle(hasColor: true))
    let plain = findings.rendered(as: .human, of: bundle)
    #expect(colored != plain)
    #expect(colored.replacing(/\u{1B}\[[0-9;]*m/, with: "") == plain)
  }

  @Test("short is one line a finding")
  func short() throws { try compare("short.txt", .short, FindingsStyle()) }

  @Test("json keeps its shape")
  func json() throws { try compare("json.txt", .json, FindingsStyle()) }

  @Test("sarif, github and junit keep their shapes")
  func reports() throws {
    try compare("sarif.txt", .sarif, FindingsStyle(version: "1.2.3"))
    try compare("github.txt", .github, FindingsStyle())
    try compare("junit.txt", .junit, FindingsStyle())
  }

  @Test("no format shows what looks like a key", arguments: FindingsFormat.allCases)
  func secrets(format: FindingsFormat) {
    let printed = Self.sample.findings.rendered(as: format, of: Self.sample.bundle)
    #expect(!printed.contains("0123456789"))
  }

  @Test(
    "a name cannot steer the terminal",
    arguments: [FindingsFormat.human, .short, .github, .junit]
  )
  func steering(format: FindingsFormat) {
    let bundle = Bundle(texts: [("a\u{1B}[31m.yaml", "k: \u{202E}x\u{9B}31m\n")])
    var findings = Findings()
    let span = SourceSpan(source: SourceID(index: 0), start: 3, end: 4)
    findings.report(.badName("tier", "\u{1B}[31m\nnext", reason: "x", at: span))
    let printed = findings.rendered(as: format, of: bundle)
    #expect(
      !printed.contains("\u{1B}") && !printed.contains("\u{202E}") && !printed.contains("\u{9B}")
    )
    #expect(format != .short || printed.split(separator: "\n").count == 1)
  }

  @Test("no findings print nothing for people, and an empty list for programs")
  func nothing() {
    let bundle = Bundle(texts: [("a.yaml", "")])
    #expect(Findings().rendered(as: .human, of: bundle) == "")
    #expect(Findings().rendered(as: .short, of: bundle) == "")
    #expect(Findings().rendered(as: .json, of: bundle).contains("\"findings\": []"))
  }
}
