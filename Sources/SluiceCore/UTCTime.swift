/// Times of the calendar as text, in the form of RFC 3339.
///
/// For what people and files say; decisions count nanoseconds. The calendar is the proleptic
/// Gregorian one, without leap seconds.
package enum UTCTime {
  /// Spells nanoseconds since 1970 as `2026-11-24T07:50:00.123Z`.
  package static func text(ofWall nanoseconds: Int64) -> String {
    var bytes: [UInt8] = []
    append(wall: nanoseconds, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what `text(ofWall:)` spells, without making a string: every log line has one.
  package static func append(wall nanoseconds: Int64, to output: inout [UInt8]) {
    let (seconds, rest) = nanoseconds.flooredDivision(by: 1_000_000_000)
    let (days, second) = seconds.flooredDivision(by: 86_400)
    let date = CivilDate(day: days)
    append(date.year, digits: 4, then: "-", to: &output)
    append(date.month, digits: 2, then: "-", to: &output)
    append(date.day, digits: 2, then: "T", to: &output)
    append(second / 3_600, digits: 2, then: ":", to: &output)
    append(second / 60 % 60, digits: 2, then: ":", to: &output)
    append(second % 60, digits: 2, then: ".", to: &output)
    append(rest / 1_000_000, digits: 3, then: "Z", to: &output)
  }

  /// Reads `2026-11-24T07:50:00Z`, with a fraction or an offset such as `+01:00` if there is one.
  ///
  /// - Returns: whole seconds since 1970, rounded down; `nil` for anything else, and for dates that
  ///   do not exist. A leap second reads as the second after it.
  package static func seconds(of text: some StringProtocol) -> Int64? {
    var rest = Array(text.utf8)[...]

    func number(_ digits: Int, _ range: ClosedRange<Int64>) -> Int64? {
      guard rest.count >= digits else { return nil }
      var value: Int64 = 0
      for byte in rest.prefix(digits) {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      rest = rest.dropFirst(digits)
      return range.contains(value) ? value : nil
    }
    func mark(_ marks: String) -> UInt8? {
      guard let byte = rest.first, marks.utf8.contains(byte) else { return nil }
      rest = rest.dropFirst()
      return byte
    }

    guard
      let year = number(4, 1...9999), mark("-") != nil,
      let month = number(2, 1...12), mark("-") != nil,
      let day = number(2, 1...31), mark("Tt ") != nil,
      let hour = number(2, 0...23), mark(":") != nil,
      let minute = number(2, 0...59), mark(":") != nil,
      let second = number(2, 0...60)
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isReal else { return nil }
    if mark(".") != nil {
      let fraction = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      guard !fraction.isEmpty else { return nil }
      rest = rest.dropFirst(fraction.count)
    }
    guard let zone = mark("Zz+-") else { return nil }
    var offset: Int64 = 0
    if zone == UInt8(ascii: "+") || zone == UInt8(ascii: "-") {
      guard let hours = number(2, 0...23), mark(":") != nil, let minutes = number(2, 0...59) else {
        return nil
      }
      offset = (hours * 3_600 + minutes * 60) * (zone == UInt8(ascii: "-") ? -1 : 1)
    }
    guard rest.isEmpty else { return nil }
    return date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
  }

  private static func append(
    _ value: Int64,
    digits: Int,
    then mark: Unicode.Scalar,
    to output: inout [UInt8]
  ) {
    DecimalText.append(UInt64(value), digits: digits, to: &output)
    output.append(UInt8(ascii: mark))
  }
}
