internal import SluiceCore

/// Dates as HTTP writes them (RFC 9110 section 5.6.7), in seconds since 1970-01-01T00:00:00Z.
package enum HTTPDate {
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let longDays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The IMF-fixdate of a second between the years 1 and 9999: `Sun, 06 Nov 1994 08:49:37 GMT`.
  package static func format(_ seconds: Int64) -> String {
    // Years 1 to 9999, so that four digits suffice.
    let seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
    let (day, second) = seconds.flooredDivision(by: 86_400)
    let date = CivilDate(day: day)
    let weekday = Int((day + 4).flooredDivision(by: 7).remainder)
    var text = Array("\(days[weekday]), ".utf8)
    func append(_ number: Int64, _ digits: Int, _ next: String) {
      DecimalText.append(number.magnitude, digits: digits, to: &text)
      text += next.utf8
    }
    append(date.day, 2, " \(months[Int(date.month) - 1]) ")
    append(date.year, 4, " ")
    append(second / 3_600, 2, ":")
    append(second / 60 % 60, 2, ":")
    append(second % 60, 2, " GMT")
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads an IMF-fixdate, or either obsolete form.
  ///
  /// - Parameters:
  ///   - text: the date.
  ///   - now: needed for the two-digit years of RFC 850, which mean the past when they would be
  ///     more than 50 years ahead.
  /// - Returns: `nil` for anything that is not a date.
  package static func parse(_ text: String, now: Int64) -> Int64? {
    let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    if words.count == 6, words[0].hasSuffix(","), words[5] == "GMT" {
      guard days.contains(String(words[0].dropLast())), let year = number(words[3], digits: 4...4)
      else { return nil }
      return seconds(day: words[1], month: words[2], year: year, time: words[4])
    }
    if words.count == 4, words[0].hasSuffix(","), words[3] == "GMT" {
      let parts = words[1].split(separator: "-").map(String.init)
      guard longDays.contains(String(words[0].dropLast())), parts.count == 3,
        let shortYear = number(parts[2], digits: 2...2)
      else { return nil }
      let thisYear = Int(CivilDate(day: now.flooredDivision(by: 86_400).quotient).year)
      var year = thisYear - thisYear % 100 + shortYear
      if year > thisYear + 50 { year -= 100 }
      return seconds(day: parts[0], month: parts[1], year: year, time: words[2])
    }
    if words.count == 5, days.contains(words[0]), let year = number(words[4], digits: 4...4) {
      let day = words[2].count == 1 ? "0" + words[2] : words[2]
      return seconds(day: day, month: words[1], year: year, time: words[3])
    }
    return nil
  }

  private static func seconds(day: String, month: String, year: Int, time: String) -> Int64? {
    let parts = time.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let day = number(day, digits: 2...2), let month = months.firstIndex(of: month),
      parts.count == 3, let hour = number(parts[0], digits: 2...2), hour < 24,
      let minute = number(parts[1], digits: 2...2), minute < 60,
      let second = number(parts[2], digits: 2...2), second <= 60, year > 0
    else { return nil }
    let date = CivilDate(year: Int64(year), month: Int64(month + 1), day: Int64(day))
    guard date.isReal else { return nil }
    return date.daysSince1970 * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
  }

  private static func number(_ text: String, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(text.utf8.count),
      text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
    else { return nil }
    return Int(text)
  }
}

/// How long the other side asks us to wait.
package enum RetryAfter {
  /// Reads `Retry-After`, seconds or a date (RFC 9110 section 10.2.3), as seconds from `now`.
  ///
  /// - Returns: 0 for a date that has passed; `nil` for anything malformed.
  package static func parse(_ value: String, now: Int64) -> Int64? {
    if !value.isEmpty, value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
    {
      return Int64(value)
    }
    return HTTPDate.parse(value, now: now).map { max(0, $0 - now) }
  }
}
