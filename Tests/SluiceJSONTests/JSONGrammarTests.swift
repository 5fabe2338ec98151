import SluiceJSON
import SluiceTestSupport
import Testing

/// The grammar of RFC 8259, by example.
struct JSONGrammarTests {
  @Test(
    "takes what the standard allows",
    arguments: [
      "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789012345678901234567890",
      "0.5", "-0.5", "1.0", "1e1", "1E1", "1e+1", "1e-1", "0e0", "1.5e300", "1e999",
      #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#, #""\uD83D\uDE00""#,
      #""\ud83d""#, #""\ude00""#, #""é""#, #""€""#, #""😀""#, "\"\u{7f}\"", "\"\u{10FFFF}\"",
      "[]", "[ ]", "[1]", "[1,2]", "[[[]]]", "{}", "{ }", #"{"a":1}"#, #"{"a":1,"a":2}"#,
      #"{"":0}"#, #"{"a":{"b":[{"c":null}]}}"#, " \t\r\n1 \t\r\n", #"{ "a" : [ 1 , 2 ] }"#,
    ]
  )
  func takes(text: String) throws {
    let document = try JSONDocument(Array(text.utf8))
    #expect(document.bytes.elementsEqual(text.utf8))
  }

  @Test(
    "refuses what it does not",
    arguments: [
      ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1),
      ("nul", .unexpectedEnd, 3), ("nulL", .badLiteral, 0), ("True", .unexpectedByte, 0),
      ("nullx", .trailingBytes, 4), ("1 2", .trailingBytes, 2), ("{}}", .trailingBytes, 2),
      ("01", .badNumber, 1), ("-01", .badNumber, 2), ("-", .unexpectedEnd, 1),
      ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0), ("1.", .unexpectedEnd, 2),
      ("1.x", .badNumber, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
      ("1ex", .badNumber, 2), ("0x10", .trailingBytes, 1), ("NaN", .unexpectedByte, 0),
      ("Infinity", .unexpectedByte, 0), ("-Infinity", .badNumber, 1), ("1_000", .trailingBytes, 1),
      (#"""#, .unexpectedEnd, 1), (#""a"#, .unexpectedEnd, 2), (#"'a'"#, .unexpectedByte, 0),
      ("\"\n\"", .controlCharacter, 1), ("\"\u{0}\"", .controlCharacter, 1),
      ("\"\t\"", .controlCharacter, 1),
      (#""\x41""#, .badEscape, 1), (#""\'""#, .badEscape, 1), (#""\u12""#, .badEscape, 5),
      (#""\u12g4""#, .badEscape, 5), (#""\u"#, .unexpectedEnd, 3), (#""\"#, .unexpectedEnd, 2),
      ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
      ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1), ("[1 2]", .unexpectedByte, 3),
      ("]", .unexpectedByte, 0), ("[1}", .unexpectedByte, 2),
      ("{", .unexpectedEnd, 1), (#"{"a"}"#, .unexpectedByte, 4), (#"{"a":}"#, .unexpectedByte, 5),
      (#"{"a":1,}"#, .unexpectedByte, 7), (#"{a:1}"#, .unexpectedByte, 1),
      (#"{"a":1 "b":2}"#, .unexpectedByte, 7), (#"{1:2}"#, .unexpectedByte, 1),
      (#"{"a":1"#, .unexpectedEnd, 6), ("// x", .unexpectedByte, 0), ("/**/1", .unexpectedByte, 0),
      ("\u{FEFF}1", .unexpectedByte, 0), ("\u{A0}1", .unexpectedByte, 0),
      ("1\u{0}", .trailingBytes, 1),
    ] as [(String, JSONError.Reason, Int)]
  )
  func refuses(text: String, reason: JSONError.Reason, offset: Int) {
    #expect(throws: JSONError(reason, at: offset)) { try JSONDocument(Array(text.utf8)) }
  }

  @Test(
    "refuses bytes that are not UTF-8, at the first of them",
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80],
      [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ] as [[UInt8]]
  )
  func refusesBadUTF8(bytes: [UInt8]) {
    let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
    #expect(throws: JSONError(.badUTF8, at: 1)) { try JSONDocument(text) }
  }

  @Test("sees every byte of a long string, wherever it lies", arguments: 0..<24)
  func longStrings(position: Int) throws {
    func text(_ special: [UInt8]) -> [UInt8] {
      Array("\"".utf8) + [UInt8](repeating: 0x61, count: position) + special
        + [UInt8](repeating: 0x7A, count: 24 - position) + Array("\"".utf8)
    }
    for plain: [UInt8] in [[0x20], [0x21], [0x23], [0x5B], [0x5D], [0x7F], Array("é€😀".utf8)] {
      _ = try JSONDocument(text(plain))
    }
    for byte in UInt8(0)..<0x20 {
      #expect(throws: JSONError(.controlCharacter, at: position + 1)) {
        try JSONDocument(text([byte]))
      }
    }
    for byte in [0x80, 0xFF] as [UInt8] {
      #expect(throws: JSONError(.badUTF8, at: position + 1)) { try JSONDocument(text([byte])) }
    }
    #expect(throws: JSONError(.trailingBytes, at: position + 2)) {
      try JSONDocument(text([UInt8(ascii: "\"")]))
    }
    #expect(throws: JSONError(.badEscape, at: position + 1)) {
      try JSONDocument(text([UInt8(ascii: "\\")]))
    }
    let escaped = try JSONDocument(text(Array(#"\n"#.utf8)))
    #expect(escaped.string(escaped.root)?.utf8.count == 25)
  }

  @Test("bounds nesting")
  func boundsNesting() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    _ = try JSONDocument(nested(128))
    #expect(throws: JSONError(.tooDeep, at: 128)) { try JSONDocument(nested(129)) }
    #expect(throws: JSONError(.tooDeep, at: 128)) {
      try JSONDocument(Array(String(repeating: "[", count: 1_000_000).utf8))
    }
  }

  @Test("bounds the number of values")
  func boundsValues() {
    let text = "[" + String(repeating: "0,", count: 1 << 20) + "0]"
    #expect { try JSONDocument(Array(text.utf8)) } throws: {
      ($0 as? JSONError)?.reason == .tooLarge
    }
  }

  @Test("never crashes on damaged text, and what it takes can be read whole", arguments: 0..<40)
  func survivesDamage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let whole = Array(
      #"{"model":"gpt-4","n":1,"t":0.70e+1,"m":[{"role":"user","c":"h\u00e9\ud83d\ude00é😀"}],"x":{}}"#
        .utf8
    )
    for _ in 0..<500 {
      var text = whole
      for _ in 0..<random.below(4) {
        switch random.below(3) {
        case 0: text[random.below(text.count)] = UInt8(random.below(256))
        case 1: text.remove(at: random.below(text.count))
        default: text.insert(UInt8(random.below(256)), at: random.below(text.count))
        }
      }
      if random.below(4) == 0 { text.removeLast(random.below(text.count)) }
      guard let document = try? JSONDocument(text) else { continue }
      var canonical: [UInt8] = []
      document.appendCanonical(document.root, to: &canonical)
      let again = try? JSONDocument(canonical)
      #expect(again != nil, "canonical text of seed \(seed) is not JSON")
      _ = document.repeatedKey(in: document.root)
      for member in document.members(of: document.root) {
        _ = (document.string(member.key), document.double(member.value), document.int(member.value))
      }
    }
  }
}
