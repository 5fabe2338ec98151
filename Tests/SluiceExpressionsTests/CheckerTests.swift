import Testing

@testable import SluiceExpressions

@Suite("checking CEL")
struct CheckerTests {
  @Test(
    "finds the type of an expression",
    arguments: [
      ("prompt.tokens + 1", CELType.int),
      ("request.stream ? 'a' : product", .string),
      ("[1, 2]", .list(.int)),
      ("[1, 'a']", .list(.dyn)),
      ("headers", .map(.string, .string)),
      ("headers['x']", .string),
      ("headers.accept", .string),
      ("[product].map(p, size(p))", .list(.int)),
      ("usd('5') * 2 + usd('1')", .money),
      ("now - duration('1h')", .timestamp),
      ("now - now", .duration),
      ("budget('day').remaining", .money),
      ("type(1) == int", .bool),
    ]
  )
  func types(source: String, type: CELType) throws {
    #expect(try Sample.check(source).type == type)
  }

  @Test("knows whether all of an expression is typed")
  func fullyTyped() throws {
    #expect(try Sample.check("headers['a'] == user.tier && [1].all(x, x > 0)").isFullyTyped)
    #expect(try !Sample.check("[1, 'a'].exists(x, x == 1)").isFullyTyped)
    #expect(try !Sample.check("dyn(product) == 1").isFullyTyped)
  }

  @Test("records the slots and host calls that an expression needs")
  func needs() throws {
    let source = "user.tier == 'a' && budget('day').remaining > usd('1')"
    let expression = try Sample.check(source)
    #expect(expression.slots == [Sample.slot("user.tier")])
    #expect(expression.hostCalls.map(\.function.fullName) == ["budget.remaining"])
    #expect(expression.hostCalls.first?.arguments == [.string("day")])
    #expect(expression.hostCalls.first?.argumentRanges == [27..<32])
    #expect(expression.hostCalls.first?.range == 20..<43)
  }

  @Test("suggests the name that was meant")
  func suggestions() {
    #expect(
      Sample.issues("prompt.token < 3").map(\.kind)
        == [.unknownName("prompt.token", nearest: ["prompt.tokens"])]
    )
    #expect(
      Sample.issues("model == 'a'").map(\.kind)
        == [.unknownName("model", nearest: ["request.model"])]
    )
    #expect(
      Sample.issues("product.startswith('a')").map(\.kind)
        == [.unknownFunction("startswith", nearest: ["startsWith"])]
    )
    #expect(
      Sample.issues("user == 'a'").map(\.kind)
        == [.incompleteName("user", members: ["user.id", "user.tier"])]
    )
    #expect(
      Sample.issues("budget('a').remainder > usd('1')").map(\.kind)
        == [.unknownField("remainder", of: "'budget(…)'", nearest: ["remaining"])]
    )
    #expect(
      Sample.issues("budget('a') > usd('1')").map(\.kind)
        == [.incompleteName("budget(…)", members: ["budget(…).remaining"])]
    )
  }

  @Test("refuses a name before its phase, and says what there is")
  func phases() {
    let issue = Sample.issues("target == 'fast'").first
    guard case .wrongPhase("target", ["routed"], "request", let available) = issue?.kind else {
      Issue.record("not about the phase: \(String(describing: issue))")
      return
    }
    #expect(available.contains("user.tier") && !available.contains("target"))
    #expect(Sample.issues("target == 'fast'", in: Sample.routed).isEmpty)
    #expect(issue?.message == "'target' does not exist in phase request, only in routed")
    guard case .wrongPhase("spend", ["settled"], _, _) = Sample.issues("spend('1m')").first?.kind
    else {
      Issue.record("spend in a request")
      return
    }
  }

  @Test(
    "refuses what does not fit, once, where it stands",
    arguments: [
      ("prompt.tokens < 'a'", 0..<19),
      ("product && true", 0..<7),
      ("nothing + 1 == 2", 0..<7),
      ("prompt.tokens == 1u", 0..<19),
      ("budget('day').remaining > 5", 0..<27),
      ("size(1)", 0..<7),
      ("product.size.x", 8..<12),
      ("prompt.tokens.all(x, true)", 0..<13),
      ("budget(product).remaining", 7..<14),
      ("has(request.model)", 0..<18),
      ("has(product)", 0..<12),
      ("[1].all(x.y, true)", 8..<11),
      ("{1: 'a', 1: 'b'}", 9..<10),
      ("{1.5: 'a'}", 1..<4),
      ("true ? 1 : 'a'", 0..<14),
    ]
  )
  func misfits(source: String, range: Range<Int>) {
    let issues = Sample.issues(source)
    #expect(issues.map(\.range) == [range], "\(issues.map(\.message))")
  }

  @Test("wants the type that belongs there")
  func expectation() throws {
    #expect(
      Sample.issues("prompt.tokens", expecting: .bool).map(\.kind)
        == [.typeMismatch(expected: .bool, found: .int)]
    )
    #expect(try Sample.check("dyn(product)", expecting: .string).type == .dyn)
    #expect(try Sample.check("[]", expecting: .list(.string)).type == .list(.string))
  }

  @Test(
    "reads constants when the policy is read",
    arguments: [
      ("product.matches('(')", 16..<19),
      ("usd('5 dollars') > usd('1')", 4..<15),
      ("usd(product) > usd('1')", 4..<11),
      ("duration('5 minutes') > duration('1s')", 9..<20),
      ("now > timestamp('yesterday')", 16..<27),
      ("now.getHours('Europe/Atlantis')", 13..<30),
      ("now.inWindow('9 to 5')", 13..<21),
      ("now.inWindow('9 to 5', 'UTC')", 13..<21),
      ("now.inWindow('Sat', 'Europe/Atlantis')", 20..<37),
    ]
  )
  func constants(source: String, range: Range<Int>) {
    #expect(Sample.issues(source).map(\.range) == [range])
  }

  @Test(
    "says what to write instead",
    arguments: [
      ("prompt.tokens < 'a'", "it takes int < int, int < uint or int < double"),
      ("prompt.text.contains()", "it takes string.contains(string)"),
      ("user.tier == premium", "if it is a text, write \"premium\""),
      ("'a' in product", "write text.contains(part)"),
      ("product in ('a', 'b')", "write a list in brackets, such as ['a', 'b']"),
      (
        "headers.x-canary == '1'",
        "write names with a dash in brackets, such as headers[\"x-name\"]"
      ),
      ("prompt.tokens < 100k", "write the number in full, without a unit"),
      ("product == \u{201C}a\u{201D}", "write straight quotes"),
      ("budget('day').remaining > 5", "write amounts of money as usd(\"5\")"),
      ("!product", "it takes !bool"),
      ("headers[1]", "it takes map(A, B)[A]"),
    ]
  )
  func help(source: String, help: String) {
    #expect(Sample.issues(source).first?.help == help)
  }

  @Test("reports every unknown name in one go, in order")
  func several() {
    #expect(Sample.issues("aaaa == 1 && bbbb == 2").map(\.range) == [0..<4, 13..<17])
  }
}
