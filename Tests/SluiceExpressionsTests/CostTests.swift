import Testing

@testable import SluiceExpressions

@Suite("the cost of an expression")
struct CostTests {
  private func cost(_ source: String) throws -> ExpressionCost {
    try Sample.check(source).cost { $0 == "prompt.text" ? 16_000 : 160 }
  }

  @Test(
    "grows as the work does",
    arguments: [
      ("product == 'a'", "prompt.text.contains('a')"),
      ("prompt.text.contains('a')", "prompt.text.matches('a')"),
      ("prompt.text.contains('a')", "['a', 'b', 'c'].exists(w, prompt.text.contains(w))"),
      (
        "['a', 'b'].exists(w, prompt.text.contains(w))",
        "['a', 'b'].exists(v, ['a', 'b'].exists(w, prompt.text.contains(v + w)))"
      ),
      (
        "prompt.text.split(' ').exists(w, w == 'a')",
        "prompt.text.split(' ').exists(w, prompt.text.contains(w))"
      ),
    ]
  )
  func grows(lesser: String, greater: String) throws {
    #expect(try cost(lesser).worst < cost(greater).worst)
  }

  @Test("counts nodes and loops")
  func shape() throws {
    let found = try cost("[1].all(a, [2].all(b, a < b)) && [3].all(c, c > 0)")
    #expect(found.loops == 2)
    #expect(try cost("1 + 2").nodes == 3)
  }

  @Test("does not count an optional's macro or a binding as a loop")
  func notLoops() throws {
    #expect(try cost("cel.bind(x, 1, optional.of(x).optMap(y, y).value())").loops == 0)
  }

  @Test("names what costs most first")
  func contributors() throws {
    let source = "product == 'a' || ['x', 'y'].exists(w, prompt.text.contains(w))"
    let found = try cost(source)
    let range = try #require(found.contributors.first).range
    let scalars = Array(source.unicodeScalars)[range]
    #expect(String(String.UnicodeScalarView(scalars)) == "prompt.text.contains(w)")
  }

  @Test("splits a text into parts that together are as long as it")
  func splits() throws {
    let found = try cost("prompt.text.split(' ').all(w, w.size() < 9)").worst
    #expect(found < 200_000)
  }
}
