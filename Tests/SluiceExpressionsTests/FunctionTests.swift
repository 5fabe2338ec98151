import SluiceCore
import Testing

@testable import SluiceExpressions

@Suite("functions of CEL")
struct FunctionTests {
  @Test(
    "text",
    arguments: [
      "'Hello'.lowerAscii() == 'hello' && 'hÉ'.upperAscii() == 'HÉ'",
      "' \\t a b\\u3000'.trim() == 'a b' && ''.trim() == ''",
      "'a,b,,c'.split(',') == ['a', 'b', '', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']",
      "'añb'.split('') == ['a', 'ñ', 'b'] && 'abc'.split('', 2) == ['a', 'bc']",
      "'a'.split(',', 0) == [] && ['a', 'b'].join('-') == 'a-b' && [].join() == ''",
      "'banana'.replace('a', 'o') == 'bonono' && 'banana'.replace('a', 'o', 2) == 'bonona'",
      "'ab'.replace('', '-') == '-a-b-' && 'ab'.replace('', '-', 1) == '-ab'",
      "'hello'.substring(1) == 'ello' && 'héllo'.substring(1, 3) == 'él'",
      "'héllo'.indexOf('l') == 2 && 'hello'.indexOf('z') == -1 && 'hello'.indexOf('l', 3) == 3",
      "'hello'.lastIndexOf('l') == 3 && 'hello'.lastIndexOf('l', 2) == 2",
      "'tacocat'.lastIndexOf('', 3) == 3 && 'abc'.charAt(1) == 'b' && 'abc'.charAt(3) == ''",
      "'abc'.reverse() == 'cba' && size('😀é') == 2 && '😀'.size() == 1",
      "'the needle that is looked for is long'.contains('needle that is looked for')",
      "!'aaaaaaaaaaaaaaaaaaaaaaaa'.contains('aaaaaaaaaaaaaaaab')",
      "'abc'.contains('') && !''.contains('a') && ''.startsWith('') && 'abc'.endsWith('bc')",
      "'2026'.matches('^[0-9]{4}$') && matches('xay', 'a')",
    ]
  )
  func text(source: String) throws {
    #expect(try Sample.evaluate(source) == .bool(true))
    #expect(try Sample.evaluate(source.hidingLiterals) == .bool(true))
  }

  @Test(
    "time",
    arguments: [
      "timestamp('2000-02-29T12:00:00Z').getDayOfYear() == 59",
      "timestamp('1970-01-01T00:00:00Z').getDayOfWeek() == 4",
      "timestamp('1969-12-31T23:59:59.5Z').getMilliseconds() == 500",
      "timestamp('2026-01-01T01:00:00+02:00') == timestamp('2025-12-31T23:00:00Z')",
      "string(timestamp('2026-01-31T08:00:00.250Z')) == '2026-01-31T08:00:00.25Z'",
      "timestamp('2024-12-31T23:00:00Z') + duration('2h') == timestamp('2025-01-01T01:00:00Z')",
      "duration('1h30m') == duration('90m') && duration('1.5s') == duration('1500ms')",
      "duration('-1.5h').getMinutes() == -90 && string(duration('-0.25s')) == '-0.25s'",
      "string(duration('1h')) == '3600s' && int(duration('61s')) == 61",
      "timestamp('2026-03-29T00:30:00Z').getHours('-02:30') == 22",
    ]
  )
  func time(source: String) throws {
    #expect(try Sample.evaluate(source) == .bool(true))
  }

  @Test(
    "wildcards fit all of a text, and nothing but a star and a question mark is special",
    arguments: [
      "'gpt-4-turbo'.glob('gpt-4*') && !'my-gpt-4'.glob('gpt-4*') && glob('gpt-4', 'gpt-4*')",
      "'gpt-4o'.glob('gpt-4?') && !'gpt-4'.glob('gpt-4?') && !'gpt-4oo'.glob('gpt-4?')",
      "'a/b/c'.glob('a*c') && 'a\\nb'.glob('a*b') && 'é'.glob('?') && ''.glob('*')",
      "!'axb'.glob('a.b') && 'a.b(c)[1]'.glob('a.b(c)[1]') && !'abc'.glob('[a-c]bc')",
      "!'a'.glob('') && ''.glob('') && !'A'.glob('a') && 'x_y z'.glob('x_y z')",
    ]
  )
  func glob(source: String) throws {
    #expect(try Sample.evaluate(source) == .bool(true))
    #expect(try Sample.evaluate(source.hidingLiterals) == .bool(true))
  }

  @Test("a backslash takes the next as it is")
  func escapes() throws {
    #expect("a*b".fits(#"a\*b"#) && !"axb".fits(#"a\*b"#) && "a?".fits(#"a\?"#))
    #expect(#"a\b"#.fits(#"a\\b"#) && #"a\"#.fits(#"a\"#))
    #expect("a\0b".fits("a\0b") && !"a\0b".fits("a\0c"))
  }

  @Test(
    "hours of the week",
    arguments: [
      // 2026-01-31 is a Saturday, and `now` 08:00 of it.
      "now.inWindow('Sat 08:00-09:00') && !now.inWindow('Sat 07:00-08:00')",
      "now.inWindow('sat,sun') && now.inWindow('Fri-Mon') && !now.inWindow('Mon-Fri')",
      "now.inWindow('08:00-08:01') && inWindow(now, '00:00-24:00')",
      "now.inWindow('Fri 22:00-09:00') && !now.inWindow('Sat 22:00-09:00')",
      "!now.inWindow('Sun-Fri') && now.inWindow('Mon,Wed-Thu,Sat')",
      "now.inWindow('09:00-10:00', '+01:00') && now.inWindow('09:00-10:00', 'Europe/Paris')",
      "now.inWindow('Fri 23:30-24:00', '-08:30') && !now.inWindow('Sat', '-08:30')",
      "timestamp('2026-07-01T07:00:00Z').inWindow('Wed 09:00-10:00', 'Europe/Paris')",
      "timestamp('1969-12-31T23:59:59Z').inWindow('Wed 23:59-24:00')",
      "timestamp('2026-02-01T03:00:00Z').inWindow('Sat 22:00-06:00')",
      "!timestamp('2026-02-01T06:00:00Z').inWindow('Sat 22:00-06:00')",
    ]
  )
  func windows(source: String) throws {
    #expect(try Sample.evaluate(source) == .bool(true))
    #expect(try Sample.evaluate(source.hidingLiterals) == .bool(true))
  }

  @Test(
    "refuses what are no hours of the week",
    arguments: [
      "", " ", "Mon-", "Mo", "Mon-Tue-Wed", "Mon,,Tue", "09:00", "9:00-17:00", "09:00-24:01",
      "24:00-09:00", "09:60-10:00", "09:00-09:00", "09:00-17:00 Mon", "Mon 09:00-17:00 Tue",
      "Mon Tue", "09:00 - 17:00",
    ]
  )
  func badWindows(text: String) { #expect(TimeWindow(text) == nil) }

  @Test(
    "refuses times that do not exist",
    arguments: [
      "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
      "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "0000-01-01T00:00:00Z", "",
    ]
  )
  func badTimes(text: String) { #expect(Timestamp(text) == nil) }

  @Test("knows every day as a date and back")
  func dates() {
    var day: Int64 = -719_162
    var last = CivilDate(day: day)
    #expect(last.year == 1 && last.month == 1 && last.day == 1)
    var wrong: [Int64] = []
    while day < 80_000 {
      day += 1
      let date = CivilDate(day: day)
      let follows = (last.year, last.month, last.day) < (date.year, date.month, date.day)
      if date.daysSince1970 != day || !follows { wrong.append(day) }
      last = date
    }
    #expect(wrong.isEmpty)
    #expect((last.year, last.month, last.day) == (2189, 1, 12))
  }

  @Test(
    "money is exact",
    arguments: [
      "usd('0.1') + usd('0.2') == usd('0.3')",
      "usd('5') - usd('7') == -usd('2')",
      "3 * usd('0.000000001') == usd('0.000000003')",
      "usd('1') < usd('1.01') && string(usd('1.5')) == '1.50'",
    ]
  )
  func money(source: String) throws {
    #expect(try Sample.evaluate(source) == .bool(true))
  }

  @Test("finds what naive search finds")
  func search() {
    var state: UInt64 = 7
    func next(_ count: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % count)
    }
    for _ in 0..<3_000 {
      let text = (0..<next(80)).map { _ in next(2) == 0 ? "a" : "b" }.joined()
      let needle = (0..<next(24)).map { _ in next(2) == 0 ? "a" : "b" }.joined()
      let expected = needle.isEmpty || Array(text).windows(of: needle.count).contains(Array(needle))
      #expect(ByteSearch(needle).isIn(text) == expected)
    }
  }
}

extension Array where Element == Character {
  fileprivate func windows(of count: Int) -> [[Character]] {
    guard count <= self.count else { return [] }
    return (0...(self.count - count)).map { Array(self[$0..<($0 + count)]) }
  }
}

extension String {
  /// The expression with its texts known only at run time, so that nothing is folded.
  fileprivate func fits(_ glob: String) -> Bool { (try? matches(glob: glob)) ?? false }

  fileprivate var hidingLiterals: String {
    replacing(/'[^']*'/) { "(prompt.tokens == 150 ? \($0.output) : product)" }
  }
}
