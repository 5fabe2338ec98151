import SluiceCore
import Testing

@testable import SluiceExpressions

/// The extension libraries, beyond what the sample of the conformance tests shows.
@Suite("extensions of CEL")
struct ExtensionTests {
  @Test(
    "give what the libraries say",
    arguments: [
      // Digits: every double is an exact decimal fraction, rounded half to even.
      ("'%.0f %.0f %.0f'.format([0.5, 1.5, 2.5])", "'0 2 2'"),
      ("'%.2f %.1f %.3e'.format([0.005, 9.96, 0.0])", "'0.01 10.0 0.000e+00'"),
      ("'%.0e %e'.format([9.5, 1e-300])", "'1e+01 1.000000e-300'"),
      ("'%f'.format([1e22])", "'10000000000000000000000.000000'"),
      ("'%.2f'.format([-0.001])", "'-0.00'"),
      ("'%s %d'.format([1e21, 1e-7])", "'1000000000000000000000 0.0000001'"),
      ("'%x %X %o %b'.format([-255, 255u, -8, -5])", "'-ff FF -10 -101'"),
      (
        "'%s'.format([[{'b': [1u], 'a': b'x'}, duration('90s'), int]])",
        "'[{a: x, b: [1]}, 90s, int]'"
      ),
      ("'%s'.format([ip('::1')])", "'::1'"),
      ("math.round(2.5) + math.round(-2.5)", "0.0"),
      ("[math.sign(-0.5), math.sqrt(16), math.trunc(-1.9)]", "[-1.0, 4.0, -1.0]"),
      ("math.bitShiftRight(-1, 60)", "15"),
      ("math.bitNot(0u)", "18446744073709551615u"),
      ("[[1, [2]], [3]].flatten()", "[1, [2], 3]"),
      ("[1, [2, [3]]].flatten(0)", "[1, [2, [3]]]"),
      ("[1, 2, 3, 4].slice(1, 3).reverse()", "[3, 2]"),
      ("['b', 'a'].sort().first().value() + ['b', 'a'].last().value()", "'aa'"),
      ("[{'n': 2}, {'n': 1}].sortBy(m, m.n).map(m, m.n)", "[1, 2]"),
      ("lists.range(3).transformList(i, v, i * v)", "[0, 1, 4]"),
      ("{'a': 1}.transformMapEntry(k, v, {v: k})", "{1: 'a'}"),
      ("sets.equivalent([1, 1, 2], [2, 1]) && !sets.intersects([1], [2])", "true"),
      ("base64.decode('aGk') == base64.decode('aGk=')", "true"),
      ("optional.of(1).optMap(x, x + 1).or(optional.of(7))", "optional.of(2)"),
      ("optional.of(1).orValue(1 / 0)", "1"),
      ("[?optional.none(), 1].map(x, x)", "[1]"),
      ("optional.unwrap([optional.of(1), optional.none()])", "[1]"),
      ("optional.ofNonZeroValue(duration('0s')).hasValue()", "false"),
      ("cidr('10.1.2.3/8').masked().containsIP('10.9.9.9')", "true"),
      ("cidr('0.0.0.0/0').containsIP('::1')", "false"),
      ("ip('fe80::1').isLinkLocalUnicast() && !isIP('1.2.3') && isCIDR('::/0')", "true"),
      ("cel.bind(v, [1].map(y, y), [5, 6].map(x, v[0] + x))", "[6, 7]"),
      (
        "cel.block([[1, 2], [cel.index(0)].map(x, x)], cel.index(1)[0] + cel.index(0))",
        "[1, 2, 1, 2]"
      ),
      ("[1, 2].map(a, cel.bind(b, a * 10, [3].map(c, b + c)))", "[[13], [23]]"),
      ("cel.bind(x, 1, cel.bind(x, x + 1, x))", "2"),
    ]
  )
  func values(source: String, expected: String) throws {
    #expect(try Sample.evaluate(source).equals(try Sample.evaluate(expected)), "\(source)")
  }

  @Test(
    "fail where the libraries say",
    arguments: [
      "'%d'.format(['x'])", "'%q'.format([1])", "'%s %s'.format([1])", "'%'.format([])",
      "'%.f'.format([1.0])", "'%.5000f'.format([1.0])", "math.abs(-9223372036854775808)",
      "math.bitShiftLeft(1, -1)", "[1].slice(1, 3)", "[dyn(1), dyn('a')].sort()",
      "base64.decode('a')", "base64.decode('!!!!')", "optional.none().value()",
      "{'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k})", "lists.range(1000000000000)",
      "[?dyn(1)]", "ip(string(1))", "cidr(string(1))", "[1][?dyn('a')].hasValue()",
    ]
  )
  func failures(source: String) throws {
    #expect(throws: EvaluationError.self, "\(source)") { try Sample.evaluate(source) }
  }

  @Test(
    "are refused where the types tell",
    arguments: [
      "isIP(cidr('10.0.0.0/8'))", "optional.of(1).orValue('a')", "[?1]", "{?'a': 1}",
      "math.greatest()", "math.least('a')", "math.greatest([])", "1.optMap(x, x)",
      "[1].exists(i, i, true)", "cel.block(1, 2)", "cel.index(0)", "ip('1.2.3')",
      "optional.of(1).optFlatMap(x, x)", "Message{}", "a.b.Message{c: 1}",
    ]
  )
  func refusals(source: String) {
    #expect(!Sample.issues(source).isEmpty, "\(source)")
  }

  @Test(
    "have the types that the checker infers",
    arguments: [
      ("[optional.none(), optional.of(1)]", "list(optional_type(int))"),
      ("[optional.of(dyn(1)), optional.of(1)]", "list(optional_type(dyn))"),
      ("[null, now][1]", "timestamp"),
      ("{'a': 1}.?a", "optional_type(int)"),
      ("[1][?0]", "optional_type(int)"),
      ("optional.of({'a': 'b'}).a", "optional_type(string)"),
      ("{'a': 1}.transformMap(k, v, v > 0)", "map(string, bool)"),
      ("math.greatest(1, 2u)", "dyn"),
      ("math.least(1, 2, 3)", "int"),
      ("[ip('::1')]", "list(net.IP)"),
      ("type(ip('::1'))", "type(net.IP)"),
    ]
  )
  func types(source: String, type: String) throws {
    #expect(try Sample.check(source).type.description == type)
  }

  @Test("read what they print")
  func roundTrip() throws {
    for source in [
      "{?'a': headers.?accept, 'b': [?headers[?'x']]}", "cel.bind(x, 1, x + x)",
      "cel.block([1, cel.index(0)], cel.index(1))", "headers.transformMap(k, v, k != '', v)",
      "optional.of(1).optMap(x, -x)", "[3].sortBy(e, e)",
    ] {
      let text = try Sample.check(source).canonicalText
      #expect(try Sample.check(text).canonicalText == text)
    }
  }

  @Test("compute a binding at most once, and only if it is asked for")
  func lazyBinding() throws {
    #expect(try Sample.evaluate("cel.bind(x, 1 / 0, true)") == .bool(true))
    let sample = Sample()
    let source = "cel.bind(m, product + user.id, [1, 2, 3].all(i, m != ''))"
    #expect(try sample.evaluate(source) == .bool(true))
    #expect(sample.log.slots.count == 2)
  }

  @Test(
    "stop when values that share parts stand for too much",
    arguments: ["l00 == l00", "l00", "sets.equivalent(l00, l00)", "'%s'.format([l00])"]
  )
  func sharedParts(body: String) {
    let depth = 30
    var source = body.replacing("l00", with: "l\(depth)")
    for level in (1...depth).reversed() {
      source = "cel.bind(l\(level), [l\(level - 1), l\(level - 1)], \(source))"
    }
    source = "cel.bind(l0, [product, product], \(source))"
    #expect(throws: EvaluationError.tooMuchWork) { try Sample.evaluate(source) }
  }

  @Test("every function has a line in the catalogue")
  func catalogue() {
    let operators: Set = [
      "+", "-", "*", "/", "%", "-x", "!", "==", "!=", "<", "<=", ">", ">=", "in", "[]", "[?]",
    ]
    let special: Set = ["math.greatest", "math.least"]
    let named = Set(FunctionCatalog.all.map(\.name))
    #expect(named == StandardOverloads.names.subtracting(operators).union(special))
  }
}
