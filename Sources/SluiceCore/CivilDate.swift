/// A day of the Gregorian calendar, extended to all years.
package struct CivilDate: Sendable, Hashable {
  package let year: Int64
  /// 1 to 12.
  package let month: Int64
  /// 1 to 31.
  package let day: Int64

  package init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  // Both directions count from 1 March of year 0: the leap day then ends a year, and the months
  // before it follow a regular pattern of 153 days in five.
  private static let daysToMarch0000: Int64 = 719_468
  private static let daysIn400Years: Int64 = 146_097

  /// The date that many days after 1970-01-01.
  package init(day count: Int64) {
    let (era, dayOfEra) = (count + Self.daysToMarch0000)
      .flooredDivision(by: Self.daysIn400Years)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  package var daysSince1970: Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * Self.daysIn400Years + dayOfEra - Self.daysToMarch0000
  }

  /// Whether this is a day of the calendar: 30 February is none.
  package var isReal: Bool {
    guard month >= 1, month <= 12, day >= 1 else { return false }
    let back = CivilDate(day: daysSince1970)
    return back.month == month && back.day == day
  }
}

extension CivilDate: CustomStringConvertible {
  /// `2026-01-31`.
  package var description: String {
    func padded(_ number: Int64, _ digits: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }

  /// Reads `2026-01-31`; `nil` for anything else, and for a day that the calendar does not have.
  package init?(_ text: some StringProtocol) {
    guard let seconds = UTCTime.seconds(of: "\(text)T00:00:00Z") else { return nil }
    self.init(day: seconds / 86_400)
  }
}

extension Int64 {
  /// Divides towards negative infinity, so that the remainder is never negative.
  package func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
