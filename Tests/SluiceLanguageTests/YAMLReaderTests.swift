import SluiceCore
import SluiceLanguage
import Testing

@Suite("YAML reader")
struct YAMLReaderTests {
  @Test(
    "a value spans what the author sees",
    arguments: [
      ("k: «value»", ["k"]),
      ("k: «'quoted'»  # why", ["k"]),
      ("größe: «ü日本»", ["größe"]),
      ("a:\n  - x\n  - «y z»\n", ["a", "1"]),
      ("a: { b: «1», c: 2 }", ["a", "b"]),
      ("a: «{ b: 1 }» # x", ["a"]),
      ("a:\n  «b: 1\n  c: 2»\n\nd: 3", ["a"]),
      ("a: «|-\n  one\n  two»\n\n\nb: 1", ["a"]),
      ("a:«»\nb: 1", ["a"]),
      ("a: &x «1»", ["a"]),
    ] as [(String, [String])]
  )
  func spans(marked: String, path: [String]) throws {
    let text = MarkedText(marked)
    let (document, findings) = text.read()
    let node = try #require(
      path.reduce(Optional(document.root)) { $1 == "1" ? $0?.at("1") : $0?.at($1) }
    )
    #expect(node.span.range == text.spans[0])
    #expect(findings.isEmpty)
  }

  @Test("an alias keeps where the value stands and where it is used")
  func alias() throws {
    let text = MarkedText("a: &x «{ b: 1 }»\nc: «*x»\n")
    let (document, _) = text.read()
    let node = try #require(document.root.at("c"))
    #expect(node.span.range == text.spans[0])
    #expect(node.aliasSpan?.range == text.spans[1])
    #expect(node.at("b")?.scalar?.text == "1")
  }

  @Test(
    "null is absent, a tilde or a plain null, never a quoted one",
    arguments: [("k:", true), ("k: ~", true), ("k: null", true), ("k: 'null'", false)]
  )
  func null(text: String, isNull: Bool) throws {
    #expect(try #require(MarkedText(text).read().document.root.at("k")).isNull == isNull)
  }

  @Test(
    "an empty file is a null that ends well",
    arguments: ["", "\n", "# only a comment\n", "\u{FEFF}"]
  )
  func empty(text: String) {
    let (document, findings) = MarkedText(text).read()
    #expect(document.root.isNull)
    #expect(document.isWhole)
    #expect(findings.isEmpty)
  }

  @Test("what stands before a mistake is kept")
  func partial() {
    let (document, findings) = MarkedText("a: 1\nb: { c: 2, d: [x, y }\n").read()
    #expect(!document.isWhole)
    #expect(document.root.at("a")?.scalar?.text == "1")
    #expect(document.root.at("b", "d", "1")?.scalar?.text == "y")
    #expect(findings.shown.map(\.code) == [.yamlSyntax])
  }

  @Test("deep nesting is refused at once", arguments: ["[", "{a: ", "- ", "? "])
  func deepNesting(opener: String) {
    let (document, findings) = MarkedText(String(repeating: opener, count: 100_000)).read()
    #expect(!document.isWhole)
    #expect(findings.shown.map(\.code) == [.nestingTooDeep])
  }

  @Test("nesting up to the bound is read")
  func nestingAtTheBound() {
    let depth = Bounds.yamlNesting
    let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect(MarkedText(text).read().findings.isEmpty)
    #expect(!MarkedText("[" + text + "]").read().findings.isEmpty)
  }

  @Test("an alias bomb is refused at once")
  func aliasBomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(items)]\n"
    }
    let (document, findings) = MarkedText(text).read()
    #expect(!document.isWhole)
    #expect(findings.shown.map(\.code) == [.aliasesTooLarge])
  }

  @Test("aliases cannot nest deeper than text may")
  func aliasNesting() {
    var text = "a0: &a0 [x]\n"
    for level in 1...80 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(MarkedText(text).read().findings.shown.map(\.code) == [.nestingTooDeep])
  }

  @Test("a file beyond the bound is refused unread")
  func largeFile() {
    let text = String(repeating: "#", count: Bounds.policyFileBytes + 1)
    #expect(MarkedText(text).read().findings.shown.map(\.code) == [.fileTooLarge])
  }

  @Test("pieces of a split expression are told once")
  func splitOnce() {
    let (document, findings) = MarkedText("r: { when: f(a, b) && g(a, b), to: x }").read()
    #expect(findings.shown.map(\.code) == [.expressionSplit])
    #expect(findings.shown.first?.help?.contains("'f(a, b) && g(a, b)'") == true)
    var later = findings
    for entry in document.root.at("r")?.mapping?.entries ?? [] where entry.value.isNull {
      later.report(.unknownKey(entry.name, in: "r", nearest: nil, allowed: [], at: entry.keySpan))
    }
    #expect(later.shown.count == 1)
  }
}
