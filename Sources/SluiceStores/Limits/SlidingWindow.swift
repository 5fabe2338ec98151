internal import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// One count of one limit: at most so many in *any* window of its length.
///
/// Time is cut into slots of a sixtieth of the window. A request counts in its slot, and a slot
/// counts until the window that began at its end has passed; so what is summed up reaches back
/// between one window and one window and a slot. Hence the two promises: no window ever holds more
/// than `count + burst`, and nobody is refused for what happened longer ago than a window and a
/// slot.
///
/// A burst is let through on top after quiet times: a bucket of `count + burst`, which refills with
/// `count` a window, must have one left too. It never refuses what the plain window would admit,
/// and it keeps the average over many windows at `count`.
///
/// A value: time comes in, a decision goes out. Only slots in which something was counted are kept,
/// eight bytes each.
package struct SlidingWindow: Sendable {
  /// Slots that a window is cut into.
  package static let slotsPerWindow: Int64 = 60

  private struct Slot: Sendable {
    /// The low bits of the slot's number; it is never further from `newest` than a window.
    var number: UInt32
    var count: UInt32
  }

  private var slotNanoseconds: Int64
  /// Ascending.
  private var slots: [Slot] = []
  private var total = 0
  /// The number of the newest slot that something was asked in.
  private var newest: Int64 = .min
  /// When the bucket of the burst is full again.
  private var fullAt: Int64 = .min

  package init(rate: LimitSettings.Rate) {
    slotNanoseconds = Self.slotNanoseconds(of: rate)
  }

  /// Counts one request if it fits.
  ///
  /// A rate that changed since the last call, as by a reload, keeps what was counted.
  ///
  /// `now` is in nanoseconds of the monotonic clock; a time before that of an earlier call counts as
  /// that one.
  ///
  /// - Complexity: linear in the slots, of which there are at most 61.
  package mutating func take(
    _ rate: LimitSettings.Rate,
    burst: Int,
    at now: Int64
  ) -> RateDecision {
    adopt(slotNanoseconds: Self.slotNanoseconds(of: rate))
    let now = max(now, newest == .min ? now : newest * slotNanoseconds)
    advance(to: Self.floorDivision(now, slotNanoseconds))

    let quota = rate.count + burst
    let bucket = Bucket(rate: rate, burst: burst)
    let wait = max(
      waitForSlots(quota: quota, at: now),
      burst > 0 ? bucket.wait(fullAt: fullAt, at: now) : 0
    )
    if wait == 0 {
      count()
      if burst > 0 { fullAt = bucket.taking(fullAt: fullAt, at: now) }
    }
    let left = max(0, quota - total)
    return RateDecision(
      verdict: wait == 0 ? .admitted : .refused(retryAfterNanoseconds: wait),
      quota: quota,
      remaining: burst > 0 ? min(left, bucket.left(fullAt: fullAt, at: now)) : left,
      resetNanoseconds: max(idleAt, now) - now
    )
  }

  /// From this time on nothing counts any more; a value that is dropped then is not missed.
  package var idleAt: Int64 {
    guard let last = slots.last else { return fullAt }
    return max(fullAt, end(of: last))
  }

  private mutating func count() {
    total += 1
    let number = UInt32(truncatingIfNeeded: newest)
    if let last = slots.last, last.number == number, last.count < .max {
      slots[slots.count - 1].count += 1
    } else {
      slots.append(Slot(number: number, count: 1))
    }
  }

  private mutating func advance(to slot: Int64) {
    newest = max(newest, slot)
    let expired = slots.prefix { age(of: $0) > Self.slotsPerWindow }
    guard !expired.isEmpty else { return }
    total -= expired.reduce(0) { $0 + Int($1.count) }
    slots.removeFirst(expired.count)
  }

  /// How long until so much has expired that one more fits; 0 if it does now.
  private func waitForSlots(quota: Int, at now: Int64) -> Int64 {
    guard total >= quota else { return 0 }
    var excess = total - quota + 1
    for slot in slots {
      excess -= Int(slot.count)
      if excess <= 0 { return end(of: slot) - now }
    }
    // A quota of nothing: no wait helps, so the client is told the longest one that is honest.
    return slotNanoseconds * Self.slotsPerWindow
  }

  private func age(of slot: Slot) -> Int64 {
    // Exact unless a value sat unused for 2³² slots, two years of a window of a second; then old
    // slots may count once more, on the strict side.
    Int64(UInt32(truncatingIfNeeded: newest) &- slot.number)
  }

  /// The time from which a slot no longer counts.
  private func end(of slot: Slot) -> Int64 {
    (newest - age(of: slot) + Self.slotsPerWindow + 1) * slotNanoseconds
  }

  /// Moves what was counted into slots of another length, each at the end of its old one.
  private mutating func adopt(slotNanoseconds new: Int64) {
    guard new != slotNanoseconds else { return }
    defer { slotNanoseconds = new }
    guard newest != .min else { return }
    let times = slots.map { (newest - age(of: $0) + 1) * slotNanoseconds - 1 }
    // The last of these times may lie ahead of the clock; nothing is earlier than `newest` then,
    // and what is asked next counts as asked at that time.
    newest = max(
      Self.floorDivision(newest * slotNanoseconds, new),
      times.last.map { Self.floorDivision($0, new) } ?? .min
    )
    var moved: [Slot] = []
    for (slot, time) in zip(slots, times) {
      let number = UInt32(truncatingIfNeeded: Self.floorDivision(time, new))
      if let last = moved.last, last.number == number {
        moved[moved.count - 1].count += slot.count
      } else if newest - Self.floorDivision(time, new) <= Self.slotsPerWindow {
        moved.append(Slot(number: number, count: slot.count))
      } else {
        total -= Int(slot.count)
      }
    }
    slots = moved
  }

  private static func slotNanoseconds(of rate: LimitSettings.Rate) -> Int64 {
    let window = max(1, rate.window.nanoseconds)
    return (window - 1) / slotsPerWindow + 1
  }

  private static func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

/// The bucket of a burst, as the time at which it is full again (the generic cell rate algorithm).
private struct Bucket {
  /// What one request takes, in nanoseconds of refilling.
  private let unit: Int64
  private let depth: Int64

  init(rate: LimitSettings.Rate, burst: Int) {
    let count = Int64(max(1, rate.count))
    unit = (rate.window.nanoseconds - 1) / count + 1
    depth = Int64(clamping: Int128(unit) * Int128(rate.count + burst))
  }

  func wait(fullAt: Int64, at now: Int64) -> Int64 {
    max(0, max(fullAt, now) - now - (depth - unit))
  }

  func taking(fullAt: Int64, at now: Int64) -> Int64 { max(fullAt, now) + unit }

  func left(fullAt: Int64, at now: Int64) -> Int {
    Int(max(0, depth - (max(fullAt, now) - now)) / unit)
  }
}
