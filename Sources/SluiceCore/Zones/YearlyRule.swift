/// How the clocks of a zone go every year: `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// The `TZ` string of POSIX.1-2024 §8.3, with the hours from -167 to 167 of RFC 9636 §3.3.1.
struct YearlyRule: Sendable, Equatable {
  /// Seconds east of UTC.
  private let standard: Int64
  private let summer: Summer?

  private struct Summer: Sendable, Equatable {
    var offset: Int64
    var start: YearlyChange
    var end: YearlyChange
  }

  init?(_ text: [UInt8]) {
    var reader = RuleReader(text)
    guard reader.skipName(), let west = reader.time() else { return nil }
    standard = -west
    if reader.isAtEnd {
      summer = nil
      return
    }
    guard reader.skipName() else { return nil }
    var offset = standard + 3_600
    if reader.next != UInt8(ascii: ",") {
      guard let west = reader.time() else { return nil }
      offset = -west
    }
    guard reader.take(","), let start = reader.change(), reader.take(","),
      let end = reader.change(), reader.isAtEnd
    else { return nil }
    summer = Summer(offset: offset, start: start, end: end)
  }

  func offset(at seconds: Int64) -> Int64 {
    guard let summer else { return standard }
    let day = (seconds + standard).flooredDivision(by: 86_400).quotient
    let year = CivilDate(day: day).year
    // The change to summer is told in standard time, the one back in summer time.
    let start = summer.start.local(in: year) - standard
    let end = summer.end.local(in: year) - summer.offset
    let isSummer =
      start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
    return isSummer ? summer.offset : standard
  }
}

/// A day of every year, and the time of that day.
private struct YearlyChange: Sendable, Equatable {
  enum Day: Sendable, Equatable {
    /// `Jn`, from 1, without 29 February.
    case julian(Int64)
    /// `n`, from 0, with 29 February.
    case ordinal(Int64)
    /// `Mm.w.d`: the `week`th such day of the month, or its last if `week` is 5; Sunday is 0.
    case weekday(month: Int64, week: Int64, day: Int64)
  }
  var day: Day
  /// Seconds from midnight; may lie on another day.
  var time: Int64

  /// As seconds since 1970 on the clocks of the zone.
  func local(in year: Int64) -> Int64 { date(in: year) * 86_400 + time }

  private func date(in year: Int64) -> Int64 {
    let january = CivilDate(year: year, month: 1, day: 1).daysSince1970
    switch day {
    case .ordinal(let count): return january + count
    case .julian(let number):
      let isLeap = CivilDate(year: year, month: 2, day: 29).isReal
      return january + number - 1 + (isLeap && number >= 60 ? 1 : 0)
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1).daysSince1970
      // 1970-01-01 was a Thursday.
      let firstWeekday = (first + 4).flooredDivision(by: 7).remainder
      var date = first + (weekday - firstWeekday).flooredDivision(by: 7).remainder + (week - 1) * 7
      let next =
        month == 12
        ? CivilDate(year: year + 1, month: 1, day: 1).daysSince1970
        : CivilDate(year: year, month: month + 1, day: 1).daysSince1970
      if date >= next { date -= 7 }
      return date
    }
  }
}

private struct RuleReader {
  private var rest: ArraySlice<UInt8>

  init(_ text: [UInt8]) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }
  var next: UInt8? { rest.first }

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: mark) else { return false }
    rest.removeFirst()
    return true
  }

  /// `CET` or `<+0330>`.
  mutating func skipName() -> Bool {
    if take("<") {
      guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
      rest = rest[(end + 1)...]
      return true
    }
    let name = rest.prefix { (0x61...0x7a).contains($0 | 0x20) }
    rest = rest.dropFirst(name.count)
    return name.count >= 3
  }

  /// `[+-]h[:mm[:ss]]`, in seconds.
  mutating func time() -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let hours = number(0...167) else { return nil }
    var seconds = hours * 3_600
    for unit: Int64 in [60, 1] where take(":") {
      guard let count = number(0...59) else { return nil }
      seconds += count * unit
    }
    return isNegative ? -seconds : seconds
  }

  mutating func change() -> YearlyChange? {
    guard let day = day() else { return nil }
    var time: Int64 = 7_200
    if take("/") {
      guard let given = self.time() else { return nil }
      time = given
    }
    return YearlyChange(day: day, time: time)
  }

  private mutating func day() -> YearlyChange.Day? {
    if take("J") { return number(1...365).map { .julian($0) } }
    if take("M") {
      guard let month = number(1...12), take("."), let week = number(1...5), take("."),
        let day = number(0...6)
      else { return nil }
      return .weekday(month: month, week: week, day: day)
    }
    return number(0...365).map { .ordinal($0) }
  }

  private mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    guard (1...3).contains(digits.count) else { return nil }
    rest = rest.dropFirst(digits.count)
    let value = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    return range.contains(value) ? value : nil
  }
}
