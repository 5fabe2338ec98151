import SluiceCore
import Testing

@testable import SluiceExpressions

@Suite("reading CEL")
struct ParserTests {
  @Test(
    "groups operators by their strength",
    arguments: [
      ("1 + 2 * 3", "1 + 2 * 3"),
      ("(1 + 2) * 3", "(1 + 2) * 3"),
      ("1 - (2 - 3)", "1 - (2 - 3)"),
      ("(1 - 2) - 3", "1 - 2 - 3"),
      ("!(true && false) || true", "!(true && false) || true"),
      ("true && (true || false)", "true && (true || false)"),
      ("((true))", "true"),
      ("true?1:false?2:3", "true ? 1 : false ? 2 : 3"),
      ("(true ? false : true) ? 1 : 2", "(true ? false : true) ? 1 : 2"),
      ("-(1)", "-(1)"),
      ("- 1", "-1"),
      ("{'a':1,'b':[1,2,],}", "{\"a\": 1, \"b\": [1, 2]}"),
      ("[1,2].map(x,x>1,x*2)[0]", "[1, 2].map(x, x > 1, x * 2)[0]"),
      ("has({'a':1}.a)", "has({\"a\": 1}.a)"),
      ("{'x-y':1}.`x-y`", "{\"x-y\": 1}.`x-y`"),
      ("1 // a comment\n + 2", "1 + 2"),
    ]
  )
  func canonicalText(source: String, text: String) throws {
    #expect(try Sample.check(source).canonicalText == text)
    #expect(try Sample.check(text).canonicalText == text)
  }

  @Test(
    "points at the token that does not fit",
    arguments: [
      ("prompt.tokens < ", 16..<16),
      ("product = 'a'", 8..<9),
      ("product == 'a' and true", 15..<18),
      ("(1 + 2", 6..<6),
      ("[1, 2", 5..<5),
      ("1 +* 2", 3..<4),
      ("'open", 0..<5),
      ("true ? 1", 8..<8),
      ("while", 0..<5),
      ("1st", 0..<3),
      ("99999999999999999999", 0..<20),
      ("'\\q'", 1..<3),
      ("\u{1F600} == 1", 0..<1),
      ("'\u{1F600}' = 1", 4..<5),
    ]
  )
  func places(source: String, range: Range<Int>) {
    let issues = Sample.issues(source)
    #expect(issues.count == 1)
    #expect(issues.first?.range == range)
  }

  @Test("helps those who write other languages")
  func help() {
    #expect(Sample.issues("product = 'a'").first?.help == "compare with '=='")
    #expect(Sample.issues("true and true").first?.help == "write '&&' for and")
    #expect(Sample.issues("true | true").first?.help == "write '||' for or")
    #expect(Sample.issues("not true").first?.help == "write '!' for not")
  }

  @Test("refuses what nests too deep or is too long, and reads long chains")
  func bounds() throws {
    let deep = String(repeating: "(", count: 100) + "1" + String(repeating: ")", count: 100)
    #expect(Sample.issues(deep).first?.kind == .tooDeep(limit: Bounds.expressionDepth))
    let sum = Array(repeating: "1", count: 100).joined(separator: "+")
    #expect(Sample.issues(sum).first?.kind == .tooDeep(limit: Bounds.expressionDepth))
    let signs = String(repeating: "!", count: 2_000) + "true"
    #expect(Sample.issues(signs).first?.kind == .tooDeep(limit: Bounds.expressionDepth))
    let long = "'" + String(repeating: "a", count: Bounds.expressionBytes) + "'"
    #expect(
      Sample.issues(long).first?.kind
        == .tooLong(bytes: Bounds.expressionBytes + 2, limit: Bounds.expressionBytes)
    )
    let chain = Array(repeating: "request.stream", count: 200).joined(separator: "||")
    #expect(try Sample.evaluate(chain) == .bool(false))
    #expect(Sample.issues(" // nothing").first?.kind == .empty)
  }

  @Test("quotes any text so that it reads back")
  func quoting() throws {
    for text in ["", "plain", "\"q\" and 'q'", "back\\slash", "a\nb\r\tc\u{0}\u{7f}", "é😀\u{301}"] {
      #expect(try Sample.evaluate(CheckedExpression.quoted(text)) == .string(text))
    }
  }

  @Test("knows where each node stands, in code points")
  func ranges() throws {
    let root = try Sample.check("'😀' == product && prompt.tokens < 200").root
    guard case .logical(.and, let operands) = root.form else {
      Issue.record("not an and")
      return
    }
    #expect(root.range == 0..<37)
    #expect(operands.map(\.range) == [0..<14, 18..<37])
  }
}
