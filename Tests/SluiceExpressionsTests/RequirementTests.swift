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
}
