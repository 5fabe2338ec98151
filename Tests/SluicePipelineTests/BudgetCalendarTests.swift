import SluiceCore
import SluicePipeline
import SluicePolicy
import Testing

@Suite("The calendar of budgets")
struct BudgetCalendarTests {
  private func seconds(_ text: String) throws -> Int64 { try #require(UTCTime.seconds(of: text)) }

  @Test(
    "periods begin and end where the clocks of the zone say",
    arguments: [
      (BudgetSettings.Window.day, "UTC", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
      (.day, "Europe/Paris", "2026-11-24T00:00:00+01:00", "2026-11-25T00:00:00+01:00"),
      (.week, "Europe/Paris", "2026-11-23T00:00:00+01:00", "2026-11-30T00:00:00+01:00"),
      (.month, "America/New_York", "2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"),
      (.hour, "Asia/Kolkata", "2026-11-24T17:00:00+05:30", "2026-11-24T18:00:00+05:30"),
      (.minute, "UTC", "2026-11-24T12:00:00Z", "2026-11-24T12:01:00Z"),
    ]
  )
  func periods(window: BudgetSettings.Window, zone: String, start: String, end: String) throws {
    let calendar = BudgetCalendar(window, zone: try #require(TimeZone.named(zone)))
    let period = try calendar.period(at: seconds("2026-11-24T12:00:34Z"))
    #expect(try period == BudgetPeriod(start: seconds(start), end: seconds(end)))
  }

  @Test("days around a change of the clocks have 23 and 25 hours")
  func lengths() throws {
    let calendar = BudgetCalendar(.day, zone: try #require(TimeZone.named("Europe/Paris")))
    let spring = try calendar.period(at: seconds("2026-03-29T12:00:00Z"))
    let autumn = try calendar.period(at: seconds("2026-10-25T12:00:00Z"))
    #expect(spring.end - spring.start == 23 * 3_600)
    #expect(autumn.end - autumn.start == 25 * 3_600)
  }

  @Test(
    "periods follow one another without a gap, and hold their time",
    arguments: BudgetSettings.Window.allCases,
    [
      "UTC", "Europe/Paris", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe",
      "Asia/Gaza",
    ]
  )
  func tiles(window: BudgetSettings.Window, zone: String) throws {
    let calendar = BudgetCalendar(window, zone: try #require(TimeZone.named(zone)))
    // A step of 46 days and some, so that every hour of every season has its turn.
    for time in stride(from: Int64(1_000_000_000), to: 2_200_000_000, by: 4_007_771) {
      let period = calendar.period(at: time)
      #expect(period.start <= time && time < period.end, "at \(time)")
      #expect(calendar.period(at: period.end).start == period.end, "after \(time)")
      #expect(calendar.period(at: period.start) == period, "at the start of \(time)")
      #expect(calendar.period(at: period.end - 1) == period, "at the end of \(time)")
    }
  }
}
