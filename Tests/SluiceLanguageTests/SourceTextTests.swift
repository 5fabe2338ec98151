import SluiceLanguage
import Testing

@Suite("Source text")
struct SourceTextTests {
  @Test(
    "columns count characters and lines end at LF, CRLF and CR",
    arguments: [
      ("abc", 2, 1, 3), ("a\nb", 2, 2, 1), ("a\r\nb", 3, 2, 1), ("a\rb", 2, 2, 1),
      ("äö", 2, 1, 2), ("äö", 4, 1, 3), ("日本x", 6, 1, 3), ("a\n", 2, 2, 1), ("", 0, 1, 1),
      ("\u{FEFF}ab", 4, 1, 2), ("\u{FEFF}ab", 0, 1, 1), ("a", 99, 1, 2), ("👍🏽x", 8, 1, 3),
    ]
  )
  func position(text: String, offset: Int, line: Int, column: Int) {
    let source = SourceText(path: "x", bytes: Array(text.utf8))
    #expect(source.position(at: offset) == SourcePosition(line: line, column: column))
  }

  @Test("a line is without its line break, and empty beyond the last")
  func lines() {
    let source = SourceText(path: "x", bytes: Array("ab\r\n\ncd".utf8))
    #expect((1...4).map { source.text(in: source.range(ofLine: $0)) } == ["ab", "", "cd", ""])
  }
}
