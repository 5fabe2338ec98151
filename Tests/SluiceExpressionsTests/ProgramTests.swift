import SluiceCore
import Testing

@testable import SluiceExpressions

@Suite("running CEL")
struct ProgramTests {
  @Test(
    "decides conditions of a policy",
    arguments: [
      ("product == 'search' && prompt.tokens < 200 && !request.stream", true),
      ("prompt.tokens >= 151", false),
      ("user.tier in ['free', 'premium']", true),
      ("user.tier in ['a', 'b', 'c', 'd', 'e', 'f']", false),
      ("'x-canary' in headers && headers['x-canary'] == '1'", true),
      ("has(headers.`x-none`)", false),
      ("headers.accept.startsWith('text/')", true),
      ("request.model.matches('^gpt-[0-9]$')", true),
      ("ratio * 2.0 == 1.0 && ratio < 1", true),
      ("['analyze', 'compare'].exists(w, prompt.text.lowerAscii().contains(w))", true),
      ("now.getHours('+02:00') == 10 && now.getFullYear() == 2026", true),
      ("now < timestamp('2027-01-01T00:00:00Z')", true),
      ("usd('0.10') * 3 == usd('0.30')", true),
      ("prompt.tokens > 100 ? request.stream : true", false),
      ("request.stream == false", true),
      ("size(prompt.text) == 25", true),
      ("([prompt.tokens] + dyn([2.5]))[1] < 3", true),
      ("(request.stream ? [1] : dyn([2.5]))[0] == 2.5", true),
    ]
  )
  func conditions(source: String, answer: Bool) throws {
    var frame = Sample().frame
    #expect(try Sample.check(source, expecting: .bool).program().evaluateBool(&frame) == answer)
  }

  @Test("asks for a slot once, and only if it is needed")
  func laziness() throws {
    let sample = Sample()
    var frame = sample.frame
    let program = try Sample.check("request.stream && product == 'a' || prompt.tokens < 3")
      .program()
    #expect(try !program.evaluateBool(&frame))
    #expect(try !program.evaluateBool(&frame))
    #expect(sample.log.slots == ["request.stream", "prompt.tokens"].map(Sample.slot))
    #expect(frame.knownValue(at: Sample.slot("prompt.tokens")) == .int(150))
    #expect(frame.knownValue(at: Sample.slot("product")) == nil)
  }

  @Test(
    "decides from bounds where they suffice",
    arguments: [
      ("prompt.tokens < 301", true), ("prompt.tokens < 100", false), ("prompt.tokens < 300", nil),
      ("prompt.tokens <= 300", true), ("prompt.tokens <= 99", false),
      ("100 <= prompt.tokens", true),
      ("prompt.tokens > 99", true), ("prompt.tokens > 300", false), ("200 > prompt.tokens", nil),
      ("prompt.tokens >= 100", true), ("prompt.tokens >= 301", false),
      ("prompt.tokens == 99", false), ("prompt.tokens == 150", nil), ("prompt.tokens != 99", true),
    ] as [(String, Bool?)]
  )
  func bounds(source: String, decided: Bool?) throws {
    var sample = Sample()
    sample.tokenBounds = 100...300
    var frame = sample.frame
    let program = try Sample.check(source).program()
    let answer = try program.evaluateBool(&frame)
    #expect(sample.log.slots.isEmpty == (decided != nil))
    if let decided { #expect(answer == decided) }
    // Once it is known, the value decides; here it agrees with the bounds.
    _ = try frame.value(at: Sample.slot("prompt.tokens"))
    #expect(try program.evaluateBool(&frame) == answer)
  }

  @Test("computes a feature once, in the frame of who asks")
  func features() throws {
    var sample = Sample()
    sample.features["features.simple"] =
      try Sample.check(
        "['a', 'b'].all(x, prompt.tokens > 100 && x != 'c')"
      )
      .program()
    var frame = sample.frame
    let source = "[1, 2].all(n, features.simple && n > 0) && features.simple"
    #expect(try Sample.check(source).program().evaluateBool(&frame))
    #expect(sample.log.slots == ["features.simple", "prompt.tokens"].map(Sample.slot))
  }

  @Test("tells a feature that needs itself")
  func cycles() throws {
    var sample = Sample()
    sample.features["features.looping"] = try Sample.check("!features.looping").program()
    var frame = sample.frame
    let program = try Sample.check("features.looping").program()
    #expect(throws: EvaluationError.cycle) { try program.evaluateBool(&frame) }
    #expect(throws: EvaluationError.cycle) { try program.evaluateBool(&frame) }
    #expect(sample.log.slots.count == 1)
  }

  @Test("asks the host once for the same arguments")
  func hostCalls() throws {
    let sample = Sample()
    var frame = sample.frame
    let source = "spend('1m') * 6 < spend('1h') && spend('1m') < usd('1')"
    #expect(try Sample.check(source, in: Sample.settled).program().evaluateBool(&frame))
    #expect(sample.log.calls == [[.string("1m")], [.string("1h")]])
  }

  @Test("fails where the host cannot answer")
  func unavailable() throws {
    #expect(throws: EvaluationError.unavailable("breaker.state")) {
      try Sample.evaluate("breaker('gpt-4').state == 'open'")
    }
  }

  @Test(
    "fails, and says why",
    arguments: [
      ("9223372036854775807 + prompt.tokens", EvaluationError.overflow),
      ("prompt.tokens / (prompt.tokens - 150)", .divisionByZero),
      ("prompt.tokens % 0", .divisionByZero),
      ("headers['none']", .noSuchKey("none")),
      ("headers[product]", .noSuchKey(nil)),
      ("[1][prompt.tokens]", .indexOutOfRange),
      ("usd('9000000000') * prompt.tokens", .overflow),
      ("now + (duration('2000000h') + duration('2000000h')) > now", .overflow),
    ]
  )
  func failures(source: String, error: EvaluationError) throws {
    #expect(throws: error) { try Sample.evaluate(source) }
  }

  @Test("lets an operand that decides win over one that fails")
  func absorption() throws {
    #expect(try Sample.evaluate("headers['none'] == '1' || true") == .bool(true))
    #expect(try Sample.evaluate("headers['none'] == '1' || product == 'search'") == .bool(true))
    #expect(try Sample.evaluate("product == 'search' || headers['none'] == '1'") == .bool(true))
    #expect(try Sample.evaluate("headers['none'] == '1' && request.stream") == .bool(false))
    #expect(throws: EvaluationError.noSuchKey("none")) {
      try Sample.evaluate("headers['none'] == '1' && product == 'search'")
    }
    let chain = Array(repeating: "headers['none'] == '1'", count: 12).joined(separator: " || ")
    #expect(try Sample.evaluate(chain + " || product == 'search'") == .bool(true))
    #expect(throws: EvaluationError.noSuchKey("none")) { try Sample.evaluate(chain) }
  }

  @Test("folds what is the same for every exchange")
  func folding() throws {
    #expect(try Sample.check("1 + 2 * 3").program().constant == .int(7))
    #expect(try Sample.check("false && product == 'a'").program().constant == .bool(false))
    #expect(try Sample.check("[1, 2].exists(x, x > 1)").program().constant == .bool(true))
    #expect(
      try Sample.check("[[1], [2]].all(l, l.exists(x, x > 0))").program().constant == .bool(true)
    )
    #expect(try Sample.check("product == 'a'").program().constant == nil)
    let known = [Sample.slot("product"): Value.string("b")]
    #expect(
      try Sample.check("product == 'a' && request.stream").program(known: known).constant
        == .bool(false)
    )
  }

  @Test("does once what does not change from turn to turn")
  func loops() throws {
    let sample = Sample()
    let source =
      "['x', 'y', 'two'].filter(a, ['one', 'two'].exists(b, a == b && "
      + "[prompt.text.lowerAscii()].exists(t, t.contains(a))))"
    #expect(try sample.evaluate(source) == .list([.string("two")]))
    #expect(
      try sample.evaluate("[1, 2].map(x, [10, 20].map(y, x * y + size(user.tier)))")
        == .list([.list([.int(17), .int(27)]), .list([.int(27), .int(47)])])
    )
    #expect(
      try sample.evaluate("[1, 2].map(x, [1, 2].map(y, [prompt.tokens + x].map(z, z)[0] + y))")
        == .list([.list([.int(152), .int(153)]), .list([.int(153), .int(154)])])
    )
  }

  @Test("stops an expression that works without end")
  func turns() throws {
    let digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    let source =
      "\(digits).all(a, \(digits).all(b, \(digits).all(c, \(digits).all(d, \(digits).all(e, "
      + "\(digits).all(f, a + b + c + d + e + f < prompt.tokens))))))"
    #expect(throws: EvaluationError.tooMuchWork) { try Sample.evaluate(source) }
  }

  @Test("compares texts by code points, not by canonical equivalence")
  func codePoints() throws {
    #expect(try Sample.evaluate("'K' == '\u{212A}'") == .bool(false))
    #expect(try Sample.evaluate("'\u{E9}' == 'e\u{301}'") == .bool(false))
    #expect(try Sample.evaluate("'\u{E9}' in ['e\u{301}', 'a', 'b', 'c', 'd']") == .bool(false))
    #expect(try Sample.evaluate("{'e\u{301}': 1, '\u{E9}': 2}['\u{E9}']") == .int(2))
  }

  @Test("samples alike for one seed, and evenly")
  func buckets() throws {
    #expect(StableHash.bucket("u-17", of: 100, seed: 1) == 15)
    var counts = [Int](repeating: 0, count: 10)
    for index in 0..<10_000 {
      counts[Int(StableHash.bucket("user-\(index)", of: 10, seed: 42))] += 1
    }
    #expect(counts.allSatisfy { $0 > 900 && $0 < 1_100 })
    #expect(throws: EvaluationError.self) { try Sample.evaluate("bucket(product, 0)") }
  }
}
