import SluiceCore
import SluiceStores

/// Who spent what, and when: what `sluice spend` and `GET /spend` ask.
struct SpendQuestion: Sendable, Equatable {
  /// The longest that is looked back unless more is asked for.
  private static let days: Int64 = 30

  var dimension: SpendDimension
  /// Seconds since 1970.
  var since: Int64
  var until: Int64

  /// Reads what was given; without times, the last 30 days.
  ///
  /// - Throws: what is wrong with it, in words for who wrote it.
  init(
    by dimension: String?,
    since: String?,
    until: String?,
    at moment: Moment
  ) throws(Refusal) {
    guard let known = SpendDimension(rawValue: dimension ?? SpendDimension.user.rawValue) else {
      let names = SpendDimension.allCases.map(\.rawValue).joined(separator: ", ")
      throw Refusal("`\(dimension ?? "")` is not one of \(names)", status: .usage)
    }
    self.dimension = known
    let now = moment.wallSeconds
    self.until = try until.map { text throws(Refusal) in try Self.time(text, now) } ?? now + 1
    self.since =
      try since.map { text throws(Refusal) in try Self.time(text, now) }
      ?? now - Self.days * 86_400
    guard self.since < self.until else {
      throw Refusal("the range ends before it begins", status: .usage)
    }
  }

  /// A date, a time, or how long ago: `2026-11-24`, `2026-11-24T12:00:00Z`, `36h`, `7d`.
  private static func time(_ text: String, _ now: Int64) throws(Refusal) -> Int64 {
    if let seconds = UTCTime.seconds(of: text) ?? UTCTime.seconds(of: "\(text)T00:00:00Z") {
      return seconds
    }
    let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400]
    if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    {
      return now - count * unit
    }
    throw Refusal(
      "`\(text)` is no time; write 2026-11-24, 2026-11-24T12:00:00Z, or how long ago: 36h, 7d",
      status: .usage
    )
  }
}
