import SluiceJSON
import Testing

struct JSONCanonicalTests {
  private func canonical(_ text: String, omitting names: [String] = []) throws -> String {
    let json = try document(text)
    var output: [UInt8] = []
    json.appendCanonical(json.root, omitting: JSONNames(names), to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  @Test(
    "spells the same meaning the same way",
    arguments: [
      (#" { "b" : 1 , "a" : [ true , null ] } "#, #"{"a":[true,null],"b":1}"#),
      (#"{"b":{"d":1,"c":2},"a":3}"#, #"{"a":3,"b":{"c":2,"d":1}}"#),
      (#"{"\u0062":1,"a":2}"#, #"{"a":2,"b":1}"#),
      (#""\u0041\/\u00e9\ud83d\ude00""#, #""A/é😀""#),
      (#""\u0022\u005c\u000a\u0001\u007f""#, "\"\\\"\\\\\\n\\u0001\u{7f}\""),
      (#""\uD83D""#, #""\ud83d""#),
      ("0.70", "7e-1"), ("7e-1", "7e-1"), ("0.7", "7e-1"), ("70E-2", "7e-1"), ("7.0e-1", "7e-1"),
      ("1.0", "1e0"), ("10e-1", "1e0"), ("1e0", "1e0"), ("100.0", "1e2"), ("1e+02", "1e2"),
      ("-0.0", "-0e0"), ("0.0", "0e0"), ("0e5", "0e0"), ("12.5", "125e-1"),
      ("1", "1"), ("-0", "-0"), ("100", "100"), ("123456789012345678901", "123456789012345678901"),
      ("1e1234567890123", "1e1234567890123"),
    ]
  )
  func spells(text: String, expected: String) throws {
    #expect(try canonical(text) == expected)
  }

  @Test("spells its own output the same way")
  func isIdempotent() throws {
    let text = #"{"z":[0.10,1e3,"\u0041\ud800"],"a":{"k\n":null,"k":false}}"#
    let once = try canonical(text)
    #expect(try canonical(once) == once)
  }

  @Test(
    "keeps different meanings apart",
    arguments: [
      ("1", "1.0"), ("1", "\"1\""), ("null", "\"null\""), ("[]", "{}"), ("[[1],2]", "[[1,2]]"),
      ("[1,2]", "[2,1]"), (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#), ("0.1", "0.10000000000000001"),
      (#""\ud800""#, #""\ufffd""#), (#""\\u0041""#, #""\u0041""#), (#"{"a":"b"}"#, #"{"b":"a"}"#),
      ("1.5", "-1.5"), ("1e2", "1e-2"), (#"{"a":null}"#, "{}"), (#""a""#, #""A""#),
    ]
  )
  func distinguishes(one: String, two: String) throws {
    #expect(try canonical(one) != canonical(two))
  }

  @Test("leaves out top-level members only, however their names are escaped")
  func omits() throws {
    #expect(
      try canonical(
        #"{"mod\u0065l":"x","b":{"model":1},"stream":true}"#,
        omitting: ["model", "stream"]
      )
        == #"{"b":{"model":1}}"#
    )
    #expect(try canonical(#"{"model":1}"#, omitting: ["model"]) == "{}")
  }

  @Test("sorts names the same whether or not one of them is escaped")
  func sortsAlike() throws {
    let plain = #"{"a!":1,"a":2,"a b":3,"é":4,"B":5}"#
    let escaped = #"{"\u0061!":1,"a":2,"a b":3,"\u00e9":4,"B":5}"#
    #expect(try canonical(plain) == canonical(escaped))
  }
}
