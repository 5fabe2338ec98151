package import SluiceCore
package import SluicePolicy

/// The windows that a budget counts in: minutes, hours, days, weeks and months of a zone.
///
/// Days may have 23 or 25 hours. Weeks begin on Monday (ISO 8601 §3.1.1.23).
package struct BudgetCalendar: Sendable {
  private let window: BudgetSettings.Window
  private let zone: TimeZone

  package init(_ window: BudgetSettings.Window, zone: TimeZone) {
    self.window = window
    self.zone = zone
  }

  /// The period that `seconds` since 1970 lie in; a budget `per: request` has one of that second.
  package func period(at seconds: Int64) -> BudgetPeriod {
    let local = zone.local(at: seconds)
    let day = local.flooredDivision(by: 86_400).quotient
    switch window {
    case .request: return BudgetPeriod(start: seconds, end: seconds + 1)
    case .minute: return clock(seconds, local: local, length: 60)
    case .hour: return clock(seconds, local: local, length: 3_600)
    case .day: return days(day, day + 1)
    case .week:
      // 1970-01-01 was a Thursday.
      let monday = day - (day + 3).flooredDivision(by: 7).remainder
      return days(monday, monday + 7)
    case .month:
      let date = CivilDate(day: day)
      let (year, month) = date.month == 12 ? (date.year + 1, 1) : (date.year, date.month + 1)
      return days(
        CivilDate(year: date.year, month: date.month, day: 1).daysSince1970,
        CivilDate(year: year, month: month, day: 1).daysSince1970
      )
    }
  }

  /// Minutes and hours as clocks show them; all are of one length, whatever the clocks do.
  private func clock(_ seconds: Int64, local: Int64, length: Int64) -> BudgetPeriod {
    let start = seconds - local.flooredDivision(by: length).remainder
    return BudgetPeriod(start: start, end: start + length)
  }

  private func days(_ first: Int64, _ end: Int64) -> BudgetPeriod {
    BudgetPeriod(
      start: zone.firstMoment(atLocal: first * 86_400),
      end: zone.firstMoment(atLocal: end * 86_400)
    )
  }
}
