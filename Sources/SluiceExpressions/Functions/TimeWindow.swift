internal import SluiceCore

/// Hours of the week: `Mon-Fri 09:00-17:00`, `Sat,Sun`, `22:00-06:00`.
///
/// Days are names or ranges of names, joined by commas; without any, all days. Hours go from the
/// first minute up to the last, which is not in them; without any, the whole day. Hours that end
/// before they begin reach into the next day and belong to the day on which they begin.
struct TimeWindow: Sendable, Equatable {
  /// A bit for each day on which it begins, Sunday the lowest.
  private var days: UInt8 = 0x7f
  /// Minutes since midnight.
  private var begin: Int64 = 0
  /// Behind `begin`; behind midnight for hours that reach into the next day.
  private var end: Int64 = Self.day

  private static let day: Int64 = 24 * 60
  private static let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// Reads a window; `nil` for what is none.
  init?(_ text: String) {
    var parts = text.split(separator: " ")[...]
    guard let first = parts.first else { return nil }
    if let days = Self.days(first) {
      self.days = days
      parts = parts.dropFirst()
    }
    guard let hours = parts.popFirst() else { return }
    guard parts.isEmpty, let (begin, end) = Self.hours(hours) else { return nil }
    self.begin = begin
    self.end = end > begin ? end : end + Self.day
  }

  /// Whether clocks that show `local`, in seconds since 1970 as if it were UTC, show it within.
  func contains(local: Int64) -> Bool {
    let (day, second) = local.flooredDivision(by: 86_400)
    let minute = second / 60
    // 1970-01-01 was a Thursday.
    let weekday = (day + 4).flooredDivision(by: 7).remainder
    let yesterday = (weekday + 6) % 7
    return begins(on: weekday) && (begin..<end).contains(minute)
      || begins(on: yesterday) && (begin..<end).contains(minute + Self.day)
  }

  private func begins(on weekday: Int64) -> Bool { days & (1 << UInt8(weekday)) != 0 }

  private static func days(_ text: Substring) -> UInt8? {
    var days: UInt8 = 0
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        .map { names.firstIndex(of: String($0).lowerASCII) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1] else {
        return nil
      }
      var day = first
      days |= 1 << UInt8(day)
      // From Friday to Monday goes over the end of the week.
      while day != last {
        day = (day + 1) % 7
        days |= 1 << UInt8(day)
      }
    }
    return days
  }

  private static func hours(_ text: Substring) -> (begin: Int64, end: Int64)? {
    var reader = DigitReader(Array(text.utf8)[...])
    guard let begin = minute(&reader), reader.take("-"), let end = minute(&reader),
      reader.isAtEnd, begin < day, begin != end
    else { return nil }
    return (begin, end)
  }

  /// `09:30`, up to `24:00`.
  private static func minute(_ reader: inout DigitReader) -> Int64? {
    guard let hour = reader.digits(2), reader.take(":"), let minute = reader.digits(2),
      minute < 60, hour * 60 + minute <= day
    else { return nil }
    return hour * 60 + minute
  }
}

extension Zone {
  /// What clocks show there: as if it were UTC, in seconds since 1970.
  func local(at time: Timestamp) -> Int64 { time.seconds + offset(at: time.seconds) }
}

extension Value {
  /// `time.inWindow(window)`, with the zone if there is one.
  static func inWindow(_ arguments: [Value]) throws(EvaluationError) -> Value {
    guard case .timestamp(let time)? = arguments.first, case .string(let text) = arguments[1] else {
      throw .noSuchOverload("inWindow")
    }
    var zone = Zone.fixed(0)
    if arguments.count > 2 {
      guard case .string(let name) = arguments[2] else { throw .noSuchOverload("inWindow") }
      guard let named = Zone(name) else { throw .noZone }
      zone = named
    }
    guard let window = TimeWindow(text) else {
      throw .invalidArgument("no hours of the week; they are such as Mon-Fri 09:00-17:00")
    }
    return .bool(window.contains(local: zone.local(at: time)))
  }
}

extension EvaluationError {
  static let noZone = EvaluationError.invalidArgument(
    "no time zone; they are UTC, +02:00, Europe/Paris"
  )
}
