import Testing

@testable import SluiceExpressions

@Suite("What a condition requires")
struct RequirementTests {
  @Test(
    "is what no other value can make true",
    arguments: [
      ("product == 'a'", ["product": [.text("a")]]),
      ("'a' == product && prompt.tokens < 5", ["product": [.text("a")]]),
      (
        "prompt.tokens < 5 && (product in ['a', 'b'] && request.stream)",
        ["product": [.text("a"), .text("b")], "request.stream": [.flag(true)]]
      ),
      ("product in ['a', 'b'] && product in ['b', 'c']", ["product": [.text("b")]]),
      ("product == 'a' && product == 'b'", ["product": []]),
      ("product == 'a' || product == 'b'", ["product": [.text("a"), .text("b")]]),
      (
        "product == 'a' && user.tier == 'x' || product == 'b'",
        ["product": [.text("a"), .text("b")]]
      ),
      (
        "!request.stream || request.stream == true",
        ["request.stream": [.flag(false), .flag(true)]]
      ),
      ("product == 'a' || prompt.tokens < 5", [:]),
      ("product != 'a'", [:]),
      ("!(product == 'a')", [:]),
      ("product == user.tier", [:]),
      ("product in ['a', user.tier]", [:]),
      ("request.stream ? product == 'a' : product == 'a'", [:]),
      ("product.startsWith('a')", [:]),
      ("product == dyn('a')", [:]),
      ("true", [:]),
    ] as [(String, [String: Set<FiniteValue>])]
  )
  func found(source: String, required: [String: Set<FiniteValue>]) throws {
    let found = try Sample.check(source, expecting: .bool).requirements
    let expected = required.map { (Sample.slot($0.key), $0.value) }
    #expect(found == Dictionary(uniqueKeysWithValues: expected))
  }

  @Test(
    "leaves what a look-up does not tell",
    arguments: [
      ("product == 'a'", nil),
      ("product == 'a' && prompt.tokens < 5", "prompt.tokens < 5"),
      ("(prompt.tokens < 5 && 'a' == product) && product in ['a', 'b']", "prompt.tokens < 5"),
      ("product == 'a' && user.tier == 'x'", "user.tier == 'x'"),
      ("product == 'a' && !request.stream", nil),
      ("product == 'a' || product == 'b'", "product == 'a' || product == 'b'"),
      ("product == 'a' && product != user.tier", "product != user.tier"),
      ("product == dyn('a')", "product == dyn('a')"),
    ] as [(String, String?)]
  )
  func remainders(source: String, left: String?) throws {
    let slots = Set([Sample.slot("product"), Sample.slot("request.stream")])
    let remainder = try Sample.check(source, expecting: .bool).remainder(settled: slots)
    #expect((remainder.program() == nil) == (left == nil))
    let expected = try left.map { try Sample.check($0).canonicalText } ?? ""
    #expect(remainder.text == expected)
  }

  @Test("two remainders are told apart by their text")
  func texts() throws {
    let slots = Set([Sample.slot("product")])
    let texts = try [
      "product == 'a' && (request.stream || prompt.tokens < 5) && prompt.tokens > 1",
      "product == 'a' && (request.stream || prompt.tokens < 5 && prompt.tokens > 1)",
    ]
    .map { try Sample.check($0).remainder(settled: slots).text }
    #expect(texts[0] != texts[1])
  }

  @Test("knows texts by their code points")
  func codePoints() {
    #expect(FiniteValue.text("\u{E9}") != .text("e\u{301}"))
    #expect(Set([FiniteValue.text("K"), .text("\u{212A}"), .text("K")]).count == 2)
  }
}
