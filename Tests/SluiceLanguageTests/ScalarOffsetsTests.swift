import SluiceLanguage
import Testing

@Suite("Offsets inside scalars")
struct ScalarOffsetsTests {
  /// `wanted`: the text within the value whose place is marked.
  @Test(
    "a part of a value is found where it is written",
    arguments: [
      ("k: a && «bad» == 1", "bad"),
      ("k: 'a && «bad» == 1'", "bad"),
      ("k: 'it''s «bad»'", "bad"),
      ("k: \"a == \\\"x\\\" && «bad»\"", "bad"),
      ("k: \"日本 «bad»\"", "bad"),
      ("k: |\n  a\n    && «bad»\n", "bad"),
      ("k: |-  # why\n\n  a\n  && «bad» é", "bad"),
      ("k: >-\n  a\n  && «bad»\n\n  c", "bad"),
      ("k: a\n  && «bad»\n  c", "bad"),
      ("k: &x 'a «bad»'", "bad"),
      ("k: |\r\n  a\r\n  «bad»\r\n", "bad"),
      ("k: \"a \\\n  «bad»\"", "bad"),
    ]
  )
  func part(marked: String, wanted: String) throws {
    let text = MarkedText(marked)
    let (document, findings) = text.read()
    #expect(findings.isEmpty)
    let scalar = try #require(document.root.at("k")?.scalar)
    let value = scalar.text
    let start = try #require(value.firstRange(of: wanted))
    let lower = value.utf8.distance(from: value.startIndex, to: start.lowerBound)
    let range = lower..<(lower + wanted.utf8.count)
    let source = text.bundle.files[0]
    #expect(scalar.span(ofUTF8: range, in: source).range == text.spans[0])
    let characters = value.unicodeScalars.distance(from: value.startIndex, to: start.lowerBound)
    let counted = characters..<(characters + wanted.unicodeScalars.count)
    #expect(scalar.span(ofCharacters: counted, in: source).range == text.spans[0])
  }

  @Test("an escape that stands for another character falls back to the scalar's start")
  func escape() throws {
    let text = MarkedText("k: «»\"\\u00e9 bad\"")
    let scalar = try #require(text.read().document.root.at("k")?.scalar)
    let span = scalar.span(ofUTF8: 3..<6, in: text.bundle.files[0])
    #expect(span.range == text.spans[0])
    #expect(!ScalarOffsets(of: scalar, in: text.bundle.files[0]).isExact)
  }

  @Test("a place behind the end falls back to the scalar's start")
  func outside() throws {
    let text = MarkedText("k: «»abc")
    let scalar = try #require(text.read().document.root.at("k")?.scalar)
    #expect(scalar.span(ofUTF8: 2..<9, in: text.bundle.files[0]).range == text.spans[0])
  }
}
