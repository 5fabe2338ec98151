internal import SluiceCore

/// A part of a time that can be asked for: `now.getHours()`.
enum TimePart: String, Sendable, CaseIterable {
  case year = "getFullYear"
  /// From 0.
  case month = "getMonth"
  /// From 0.
  case dayOfYear = "getDayOfYear"
  /// From 0.
  case dayOfMonth = "getDayOfMonth"
  /// From 1.
  case date = "getDate"
  /// From 0, which is Sunday.
  case dayOfWeek = "getDayOfWeek"
  case hours = "getHours"
  case minutes = "getMinutes"
  case seconds = "getSeconds"
  case milliseconds = "getMilliseconds"

  /// Whether a duration has it too; there the whole duration is meant: minutes of 62 m 10 s are 62.
  var isOfDuration: Bool {
    switch self {
    case .hours, .minutes, .seconds, .milliseconds: true
    case .year, .month, .dayOfYear, .dayOfMonth, .date, .dayOfWeek: false
    }
  }

  func read(_ value: Value, zone: String?) throws(EvaluationError) -> Int64 {
    switch value {
    case .timestamp(let time):
      guard let zone else { return read(time, offset: 0) }
      guard let zone = Zone(zone) else { throw .noZone }
      return read(time, offset: zone.offset(at: time.seconds))
    case .duration(let nanoseconds) where zone == nil && isOfDuration:
      return switch self {
      case .hours: nanoseconds / 3_600_000_000_000
      case .minutes: nanoseconds / 60_000_000_000
      case .seconds: nanoseconds / 1_000_000_000
      // The standard asks for the part below a second here, unlike for the other three.
      default: nanoseconds / 1_000_000 % 1_000
      }
    default: throw .noSuchOverload(rawValue)
    }
  }

  private func read(_ time: Timestamp, offset: Int64) -> Int64 {
    let (day, second) = (time.seconds + offset).flooredDivision(by: 86_400)
    switch self {
    case .hours: return second / 3_600
    case .minutes: return second / 60 % 60
    case .seconds: return second % 60
    case .milliseconds: return Int64(time.nanoseconds) / 1_000_000
    // 1970-01-01 was a Thursday.
    case .dayOfWeek: return (day + 4).flooredDivision(by: 7).remainder
    case .year: return CivilDate(day: day).year
    case .month: return CivilDate(day: day).month - 1
    case .dayOfMonth: return CivilDate(day: day).day - 1
    case .date: return CivilDate(day: day).day
    case .dayOfYear:
      return day - CivilDate(year: CivilDate(day: day).year, month: 1, day: 1).daysSince1970
    }
  }
}

/// What a time is read in: a fixed offset, or a place.
enum Zone {
  /// Seconds east of Greenwich, all year.
  case fixed(Int64)
  case place(TimeZone)

  /// Reads `UTC`, `Z`, `+02:00`, `-02:30`, `02:00` or `Europe/Paris`; `nil` for all else.
  init?(_ text: String) {
    if text.isEmpty || text == "UTC" || text == "Z" {
      self = .fixed(0)
    } else if let offset = Self.offset(text) {
      self = .fixed(offset)
    } else if let zone = TimeZone.named(text) {
      self = .place(zone)
    } else {
      return nil
    }
  }

  private static func offset(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    let isWest = bytes.first == UInt8(ascii: "-")
    if isWest || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
    var reader = DigitReader(bytes)
    guard let hours = reader.digits(2), reader.take(":"), let minutes = reader.digits(2),
      reader.isAtEnd, hours <= 23, minutes <= 59
    else { return nil }
    let seconds = hours * 3_600 + minutes * 60
    return isWest ? -seconds : seconds
  }

  func offset(at seconds: Int64) -> Int64 {
    switch self {
    case .fixed(let offset): offset
    case .place(let zone): zone.offset(at: seconds)
    }
  }
}
