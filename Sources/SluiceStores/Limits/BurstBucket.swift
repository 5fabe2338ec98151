internal import SluiceCore
internal import SluicePolicy

/// The bucket of a burst, as the time at which it is full again (the generic cell rate algorithm).
struct BurstBucket {
  /// Longer than anybody waits, and far from what a clock's sum could overflow.
  private static let forever: Int64 = 1 << 61

  /// What one of a count takes, in nanoseconds of refilling.
  private let unit: Int64
  private let depth: Int64

  init(rate: LimitSettings.Rate, burst: Int) {
    let count = Int64(max(1, rate.count))
    unit = (rate.windowNanoseconds - 1) / count + 1
    depth = Self.time(rate.count + burst, unit)
  }

  func wait(for amount: Int, reserved: Int, fullAt: Int64, at now: Int64) -> Int64 {
    let used = max(fullAt, now) - now + Self.time(reserved, unit)
    return max(0, used - (depth - Self.time(amount, unit)))
  }

  func pouring(_ amount: Int, fullAt: Int64, at now: Int64) -> Int64 {
    let used = max(fullAt, now) - now
    return now + min(used + Self.time(amount, unit), Self.forever)
  }

  func left(reserved: Int, fullAt: Int64, at now: Int64) -> Int {
    let used = max(fullAt, now) - now + Self.time(reserved, unit)
    return Int(max(0, depth - used) / unit)
  }

  private static func time(_ amount: Int, _ unit: Int64) -> Int64 {
    let (time, overflowed) = unit.multipliedReportingOverflow(by: Int64(amount))
    return overflowed ? forever : min(time, forever)
  }
}
