import SluiceJSON
import Testing

func document(_ text: String) throws -> JSONDocument { try JSONDocument(Array(text.utf8)) }

struct JSONDocumentTests {
  @Test("finds members and elements in the order of the text")
  func walks() throws {
    let json = try document(#"{"a":[1,[2,3],{"b":4}],"c":"d","e":{}}"#)
    let keys = json.members(of: json.root).map { json.string($0.key) }
    #expect(keys == ["a", "c", "e"])
    let array = try #require(json.member("a", of: json.root))
    let texts = json.elements(of: array)
      .map { String(decoding: json.text(of: $0), as: UTF8.self) }
    #expect(texts == ["1", "[2,3]", #"{"b":4}"#])
    #expect(json.count(of: array) == 3)
    #expect(json.member("x", of: json.root) == nil)
    #expect(json.member("a", of: array) == nil)
    #expect(Array(json.members(of: array)).isEmpty)
    #expect(Array(json.elements(of: json.root)).isEmpty)
  }

  @Test("counts offsets from the start of a slice")
  func slices() throws {
    let bytes = Array(#"data: {"a":"xyz"}"#.utf8)
    let json = try JSONDocument(bytes[6...])
    let value = try #require(json.member("a", of: json.root))
    #expect(json.range(of: value) == 5..<10)
    #expect(json.string(value) == "xyz")
  }

  @Test("finds a key however it is escaped")
  func escapedKeys() throws {
    let json = try document(#"{"mod\u0065l":"x"}"#)
    #expect(json.member("model", of: json.root).flatMap { json.string($0) } == "x")
  }

  @Test(
    "decodes strings",
    arguments: [
      (#""""#, ""), (#""plain é 😀""#, "plain é 😀"),
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
      (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"), (#""a\u0000b""#, "a\u{0}b"),
      (#""\ud83d""#, "\u{FFFD}"), (#""\ude00""#, "\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
      (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
      (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
    ]
  )
  func decodes(text: String, expected: String) throws {
    let json = try document(text)
    #expect(json.string(json.root) == expected)
    #expect(json.isString(json.root, equalTo: expected))
    #expect(!json.isString(json.root, equalTo: expected + "x"))
  }

  @Test(
    "reads integers that are spelled as such",
    arguments: [
      ("0", 0), ("-0", 0), ("42", 42), ("-42", -42), ("9223372036854775807", .max),
      ("-9223372036854775808", .min), ("9223372036854775808", nil),
      ("-9223372036854775809", nil), ("1.0", nil), ("1e2", nil), ("\"1\"", nil), ("true", nil),
    ] as [(String, Int64?)]
  )
  func integers(text: String, expected: Int64?) throws {
    let json = try document(text)
    #expect(json.int(json.root) == expected)
  }

  @Test("reads doubles and booleans")
  func otherScalars() throws {
    let json = try document("[0.1, -1.5e3, 7, 1e999, true, false, null]")
    let values = Array(json.elements(of: json.root))
    #expect(values[..<4].map { json.double($0) } == [0.1, -1500, 7, .infinity])
    #expect(values[4...].map { json.bool($0) } == [true, false, nil])
    #expect(json.isNull(values[6]))
    #expect(json.double(values[4]) == nil)
  }

  @Test(
    "finds a name that stands twice, whatever its spelling",
    arguments: [
      (#"{"a":1,"b":2}"#, nil), (#"{"a":1,"b":2,"a":3}"#, "a"), (#"{"a":1,"\u0061":2}"#, "a"),
      (#"{"a":{"b":1,"b":2}}"#, nil), ("[]", nil), (#"{"":1,"":2}"#, ""),
    ] as [(String, String?)]
  )
  func repeatedKeys(text: String, expected: String?) throws {
    let json = try document(text)
    #expect(json.repeatedKey(in: json.root) == expected)
  }

  @Test("holds more values than a text of its length has as a rule", arguments: [1, 40, 3_000])
  func dense(count: Int) throws {
    let pair = #"{"":[],"a":[{}]}"#
    let text = "[" + [String](repeating: pair, count: count).joined(separator: ",") + "]"
    let document = try JSONDocument(Array(text.utf8))
    #expect(document.count(of: document.root) == count)
    var seen = 0
    for element in document.elements(of: document.root) {
      seen += 1
      #expect(document.text(of: element).elementsEqual(pair.utf8))
      #expect(document.count(of: element) == 2)
      let empty = try #require(document.member("", of: element))
      #expect(document.kind(of: empty) == .array)
      #expect(document.count(of: empty) == 0)
      let list = try #require(document.member("a", of: element))
      #expect(document.elements(of: list).map { document.kind(of: $0) } == [.object])
    }
    #expect(seen == count)
  }

  @Test("refuses more values than it is given room for")
  func room() throws {
    let text = Array("[1,{\"a\":2}]".utf8)
    #expect(throws: Never.self) { try JSONDocument(text[...], maximumValues: 5) }
    #expect(throws: JSONError(.tooLarge, at: 8)) {
      try JSONDocument(text[...], maximumValues: 4)
    }
  }

  @Test("finds a name that stands twice among many")
  func repeatedAmongMany() throws {
    let members = (0..<1_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let unique = try document("{\(members)}")
    #expect(unique.repeatedKey(in: unique.root) == nil)
    let repeated = try document("{\(members),\"k500\":0}")
    #expect(repeated.repeatedKey(in: repeated.root) == "k500")
  }
}
