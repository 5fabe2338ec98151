internal import SluiceCore

/// A point in time between the years 1 and 9999, to the nanosecond, in UTC.
package struct Timestamp: Hashable, Sendable, Comparable {
  /// Since 1970-01-01T00:00:00Z.
  package let seconds: Int64
  /// 0 to 999,999,999, counted forward from `seconds` also before 1970.
  package let nanoseconds: Int32

  /// From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
  package static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// Makes a timestamp; `nil` outside the range.
  package init?(seconds: Int64, nanoseconds: Int32 = 0) {
    precondition(nanoseconds >= 0 && nanoseconds < 1_000_000_000, "a part of a second")
    guard Self.range.contains(seconds) else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The moment that many nanoseconds after 1970 began, which is what `Moment.wall` counts.
  ///
  /// Never out of range, since `Int64` ends in 2262.
  package init(wallNanoseconds: Int64) {
    let (seconds, rest) = wallNanoseconds.flooredDivision(by: 1_000_000_000)
    self.seconds = seconds
    nanoseconds = Int32(rest)
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// This time moved by `duration` nanoseconds; `nil` when that leaves the range.
  func advanced(by duration: Int64) -> Timestamp? {
    let (whole, rest) = duration.flooredDivision(by: 1_000_000_000)
    let sum = Int64(nanoseconds) + rest
    let (carry, part) = sum.flooredDivision(by: 1_000_000_000)
    return Timestamp(seconds: seconds + whole + carry, nanoseconds: Int32(part))
  }

  /// The nanoseconds from `other` to this; `nil` beyond 292 years.
  func nanoseconds(since other: Timestamp) -> Int64? {
    let difference =
      Int128(seconds - other.seconds) * 1_000_000_000
      + Int128(nanoseconds - other.nanoseconds)
    return Int64(exactly: difference)
  }
}
