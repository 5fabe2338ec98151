import SluiceCore
import Testing

@testable import SluiceExpressions

/// Any text has an outcome: an expression that runs or fails, or an issue inside the text.
@Suite("any text")
struct FuzzTests {
  private static let seeds = [
    "product == 'search' && prompt.tokens < 4000 && !request.stream",
    "['analyze', 'compare'].exists(w, prompt.text.lowerAscii().contains(w))",
    "has(headers.accept) ? headers['accept'].split(',')[0].trim() : ''",
    "{'a': 1, 'b': [1u, 2.5, 0x1F, -3]}.map(k, k + \"\\u00e9\\x41\\n\")",
    "now - duration('1h30m') > timestamp('2026-01-31T08:00:00Z') || usd('1.5') * 3 >= usd('4')",
    "budget('day').remaining > usd('5') && bucket(user.id, 100) < 95",
    "user.id.substring(1, 3).indexOf('-', 1) + size(b'\\377abc') % 7 - (9 / 2)",
    "type(1) == int ? [1, 2].filter(x, x > 1).map(y, y > 0, string(y)).join('-') : r'\\d'",
    "request.model.matches('^(gpt|o)[0-9]+(-mini)?$') ? \"\"\"long\"\"\" : '''text'''",
    "headers.?accept.or(headers[?'x']).optMap(h, h.size()).orValue(math.greatest(1, 2u, 3.0))",
    "cel.bind(t, prompt.text.split(' '), [?t.first(), t[?1].orValue('')].sortBy(w, w.size()))",
    "cel.block([[1, 2], cel.index(0).transformMap(i, v, i < v, [i, v])], {?'a': cel.index(1)[?0]})",
    "'%s %.2f %x'.format([ip('::1'), 1e300, cidr('10.0.0.0/8').prefixLength()]).reverse()",
    "[3, 1, 2].sort().slice(0, 2).distinct() + lists.range(3).flatten() == [base64.decode('YQ')]",
    "[[1], [2, 3]].all(l, l.exists_one(x, x == 2 || dyn(x) == 3.0)) // end",
  ]

  private static let pieces = [
    "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "&&", "||", "==", "in", "'", "\"",
    "\\", "`", "0", "1u", "1e9", "9223372036854775807", "true", "null", "has(", ".map(x,", "usd(",
    "é", "\u{0}", "\u{1F600}", "\r\n", "//", "b'", "r'", "%", "/", "*", "dyn(", "type(", "[0]",
    ".?", "[?", "?", "cel.bind(x,", "cel.block([", "cel.index(0)", ".optMap(x,", "optional.of(",
    "x",
    ".format([", "math.least(", ".transformMap(k, v,", ".sortBy(x,", "lists.range(", ".flatten(",
    "@",
  ]

  private struct Chance {
    var state: UInt64
    mutating func next(below count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return count == 0 ? 0 : Int((state >> 33) % UInt64(count))
    }
  }

  @Test("made of random bytes", arguments: [1, 2, 3] as [UInt64])
  func bytes(seed: UInt64) {
    var chance = Chance(state: seed)
    for _ in 0..<400 {
      let bytes = (0..<chance.next(below: 60)).map { _ in UInt8(chance.next(below: 256)) }
      judge(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test("made of pieces of CEL", arguments: [4, 5, 6] as [UInt64])
  func tokens(seed: UInt64) {
    var chance = Chance(state: seed)
    for _ in 0..<400 {
      let count = chance.next(below: 20)
      judge((0..<count).map { _ in Self.pieces[chance.next(below: Self.pieces.count)] }.joined())
    }
  }

  @Test("made by changing expressions that are right", arguments: [7, 8, 9, 10] as [UInt64])
  func mutations(seed: UInt64) {
    var chance = Chance(state: seed)
    for _ in 0..<400 {
      var text = Array(Self.seeds[chance.next(below: Self.seeds.count)].unicodeScalars)
      for _ in 0...chance.next(below: 3) {
        let place = chance.next(below: text.count)
        switch chance.next(below: 4) {
        case 0 where !text.isEmpty: text.remove(at: place)
        case 1:
          let piece = Self.pieces[chance.next(below: Self.pieces.count)]
          text.insert(contentsOf: piece.unicodeScalars, at: place)
        case 2:
          let other = Array(Self.seeds[chance.next(below: Self.seeds.count)].unicodeScalars)
          let start = chance.next(below: other.count)
          text.insert(contentsOf: other[start..<min(start + 8, other.count)], at: place)
        default: text.removeLast(min(text.count, chance.next(below: 4)))
        }
      }
      var source = String.UnicodeScalarView()
      source.append(contentsOf: text)
      judge(String(source))
    }
  }

  private func judge(_ source: String) {
    let count = source.unicodeScalars.count
    for typing in [Checker.Typing.strict, .dynamic] {
      let outcome = CheckedExpression.check(
        source,
        expecting: nil,
        in: Sample.environment(),
        typing: typing
      )
      for issue in outcome.issues {
        #expect(issue.range.lowerBound >= 0 && issue.range.upperBound <= count, "\(source)")
        #expect(!issue.message.isEmpty)
        _ = issue.help
      }
      guard let expression = outcome.expression else {
        #expect(!outcome.issues.isEmpty, "\(source)")
        continue
      }
      let text = expression.canonicalText
      if text.utf8.count <= Bounds.expressionBytes {
        let again = CheckedExpression.check(
          text,
          expecting: nil,
          in: Sample.environment(),
          typing: typing
        )
        #expect(again.expression?.canonicalText == text, "\(source)")
      }
      var frame = Sample().frame
      // Most of these fail; that they end, in a value or in an error, is what counts.
      _ = Result { try expression.program().evaluate(&frame) }
    }
  }
}
