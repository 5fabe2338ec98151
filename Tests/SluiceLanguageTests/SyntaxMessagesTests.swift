import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

/// One file shows what every habit of mistake is told: read it when you change a message.
@Suite("Messages of syntax")
struct SyntaxMessagesTests {
  private static let cases = [
    "a:\n\tb: 1\n\t\tc: 2", "a:\n  b: 1\n \tc: 2", "a: |\n  x\n\ty",
    "a: [1,, 2]", "a: [, 1]", "a: {, b: 1}", "a: { b: 1", "a: [1, 2", "a: 1]", "a: }", "a: [1] x",
    "a: {b: 1} x", "[a]\nb: 1", "a\nb: 1", "a: 1\nb", "a: 1\n b: 2", "a:\n  b: 1\n c: 2",
    "a:\n- b\n c", "- a\nb: 1", "a: 1\n- b", "a: - b", "- - a\n b", "a: 'x", "a: \"x",
    "a: \"x\"y\"",
    "a: 'it's'", "a: \"\\d\"", "a: \"\\xZZ\"", "a: |x\n  y", "a: >\n x\n   y\nz", "a: *", "a: &",
    "a: !<x",
    "a: !a!b", "a: %x", "a: @x", "a: `x`", "a: ,x", "%YAML 2.0\n---\na: 1", "%TAG ! x\n---\na: 1",
    "%FOO\n---\na: 1", "--- a\n--- b", "a: 1\n...\nb: 2", "? a\n? b", ": a", "a: b: c", "a: b:",
    "a: x ? y : z",
    "a: {b: x ? y : z}", "a: {b: c d: e}", "a: {b: !c, d: e}", "a: [x[0], y]",
    "a: {when: x[\"y\"], b: c}",
    "a: [\"b\", \"c\"].size() > 1", "a: {b: {c: 1}.c}", "a:\n  - {b: \"x\" == y, c: d}",
    "a:\n  - b: \"x\" == y",
    "- \"x\" == y", "a: b\n  c: d", "a:b", "a:b\nc: d", "a: 1\na : 2", "\"a: 1",
    "a: [\n  b,\n  c\nd: e", "a: {\n  b: [c\n  d: e\n}",
    "a: x #y", "a: 'x'#y", "a: \u{0085}b", "a: \u{FEFF}b", "a: \u{2028}b",
  ]

  @Test("say what is wrong in the author's words")
  func messages() throws {
    var printed = ""
    for text in Self.cases {
      let bundle = Bundle(texts: [("x.yaml", text)])
      var findings = Findings()
      _ = YAMLReader.read(bundle, &findings)
      printed += text.split(separator: "\n").map { "    \($0)\n" }.joined()
      for finding in findings.shown {
        let place = bundle.place(of: finding.span)
        printed += "\(place.line):\(place.column) \(finding.code.id) \(finding.message)\n"
        if let help = finding.help { printed += "    help: \(help)\n" }
      }
      if findings.isEmpty { printed += "fine\n" }
      printed += "\n"
    }
    let folder = Repository.tests.appending(component: "Golden").appending(component: "rendered")
    try Golden.compare(printed, with: folder.appending(component: "syntax.txt"))
  }
}
