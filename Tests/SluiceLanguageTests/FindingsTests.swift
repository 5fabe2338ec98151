import SluiceCore
import SluiceLanguage
import Testing

@Suite("Findings")
struct FindingsTests {
  private func span(_ start: Int, _ end: Int, file: Int = 0) -> SourceSpan {
    SourceSpan(source: SourceID(index: file), start: start, end: end)
  }

  @Test("are shown by file, then by place")
  func order() {
    var findings = Findings()
    findings.report(.emptyTarget("c", at: span(0, 1, file: 1)))
    findings.report(.emptyTarget("b", at: span(9, 10)))
    findings.report(.emptyTarget("a", at: span(2, 3)))
    #expect(findings.shown.map(\.span.start) == [2, 9, 0])
  }

  @Test("the same code at the same place is told once")
  func duplicates() {
    var findings = Findings()
    findings.report(.emptyTarget("a", at: span(2, 3)))
    findings.report(.emptyTarget("a", at: span(2, 3)))
    findings.report(.badName("target", "a", reason: "x", at: span(2, 3)))
    #expect(findings.shown.count == 2)
  }

  @Test("what repeats a key is told once")
  func once() {
    var findings = Findings()
    for place in 0..<3 {
      findings.report(
        .unknownReference("tier", "golld", nearest: nil, declared: [], at: span(place, place + 1)),
        once: "tier golld"
      )
    }
    #expect(findings.shown.map(\.span.start) == [0])
  }

  @Test("nothing is told inside a spoiled stretch")
  func spoiled() {
    var findings = Findings()
    findings.spoil(span(10, 20))
    findings.report(.emptyTarget("a", at: span(12, 13)))
    findings.report(.emptyTarget("a", at: span(12, 13, file: 1)))
    findings.report(.emptyTarget("a", at: span(8, 13)))
    #expect(findings.shown.map(\.span.start) == [8, 12])
  }

  @Test("absence proves nothing once a file was read only in part, unless nothing else is wrong")
  func absence() {
    var findings = Findings()
    findings.report(.missingKey("to", in: "route", at: span(0, 1)))
    findings.markIncomplete(SourceID(index: 0))
    #expect(findings.haveErrors)
    findings.report(.tabIndentation(at: span(5, 6)))
    #expect(findings.shown.map(\.code) == [.tabIndentation])
  }

  @Test("a file that was read whole proves what is absent from it, whatever another holds")
  func absenceByFile() {
    var findings = Findings()
    findings.markIncomplete(SourceID(index: 0))
    findings.report(.tabIndentation(at: span(5, 6)))
    findings.report(.missingKey("to", in: "route", at: span(0, 1, file: 1)))
    findings.report(.missingKind(at: span(0, 1, file: 2)))
    findings.report(
      .unknownVariable("client.ipp", nearest: nil, available: [], at: span(9, 10, file: 1))
    )
    // May stand in the file that could not be read.
    findings.report(
      .unknownVariable("features.long", nearest: nil, available: [], at: span(12, 13, file: 1))
    )
    #expect(
      findings.shown.map(\.code) == [.tabIndentation, .missingKey, .unknownVariable, .missingKind]
    )
  }

  @Test("at most a hundred are shown, and all are counted")
  func bound() {
    var findings = Findings()
    for place in 0..<5_000 { findings.report(.emptyTarget("a", at: span(place, place + 1))) }
    findings.report(.splitShares(sum: "90%", at: span(3, 9)))
    #expect(findings.shown.count == Bounds.diagnostics)
    #expect(findings.count(of: .error) == 5_001)
    #expect(findings.omitted == 5_001 - Bounds.diagnostics)
    #expect(findings.totals == "5001 errors")
  }

  @Test("warnings are no errors")
  func severities() {
    var findings = Findings()
    #expect(findings.gravest == nil)
    #expect(findings.totals == "no findings")
    findings.report(.noDefaultRoute(.undecided([]), at: span(0, 1)))
    #expect(!findings.haveErrors)
    #expect(findings.gravest == .warning)
    findings.report(.emptyTarget("a", at: span(2, 3)))
    #expect(findings.haveErrors)
    #expect(findings.totals == "1 error, 1 warning")
  }

  @Test("no finding repeats what looks like a key")
  func secrets() {
    var findings = Findings()
    let key = "sk-live-0123456789abcdefghij"
    findings.report(.unknownValue("api", key, nearest: key, allowed: [key], at: span(0, 1)))
    let finding = findings.shown[0]
    #expect(!finding.message.contains("0123456789"))
    #expect(finding.help?.contains("0123456789") == false)
    #expect(finding.fix.isEmpty)
    #expect(SecretLikeness.reason(for: key) == "it begins with `sk-`")
    #expect(SecretLikeness.reason(for: "sk-short") == nil)
    #expect(SecretLikeness.reason(for: "a-long-but-harmless-name-of-a-thing") == nil)
  }

  @Test("taking over another run keeps order, once-ness and counts")
  func append() {
    var first = Findings()
    first.report(.emptyTarget("b", at: span(9, 10)))
    var second = Findings()
    second.report(.emptyTarget("b", at: span(9, 10)))
    second.report(.emptyTarget("a", at: span(1, 2)))
    first.append(second)
    #expect(first.shown.map(\.span.start) == [1, 9])
  }
}

@Suite("Nearest name")
struct NearestNameTests {
  @Test(
    "is the one that was probably meant",
    arguments: [
      ("golld", "gold"), ("glod", "gold"), ("fallbaks", "fallbacks"), ("Gold", "gold"),
      ("timout", "timeout"), ("upstream", "upstreams"), ("xyz", nil), ("", nil), ("a", nil),
      ("too", "to"), ("premuim", "premium"),
    ] as [(String, String?)]
  )
  func nearest(name: String, expected: String?) {
    let names = ["gold", "fallbacks", "timeout", "upstreams", "to", "premium"]
    #expect(NearestName.nearest(to: name, among: names) == expected)
  }

  @Test("of equally near ones it is the first in order")
  func tie() {
    #expect(NearestName.nearest(to: "tes", among: ["ted", "tea", "tec"]) == "tea")
  }
}
