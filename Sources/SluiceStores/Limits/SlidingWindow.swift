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
/// What costs more than one, and how much is known only afterwards, is reserved and settled: tokens.
/// A reservation counts as it stands. What it turns out not to have used is given back to its own
/// slot; what it used beyond counts in the slot of its settlement, as a debt.
///
/// A burst is let through on top after quiet times: a bucket of `count + burst`, which refills with
/// `count` a window, must have room too. It never refuses what the plain window would admit, and it
/// keeps the average over many windows at `count`. A reservation keeps its room in the bucket and is
/// poured in when it is settled: what refilled meanwhile is not given back a second time.
///
/// A value: time comes in, a decision goes out. Only slots in which something was counted are kept,
/// sixteen bytes each.
package struct SlidingWindow: Sendable {
  /// Slots that a window is cut into.
  package static let slotsPerWindow: Int64 = 60

  private struct Slot: Sendable {
    var number: Int64
    var count: Int
  }

  private var slotNanoseconds: Int64
  /// Ascending; none is empty.
  private var slots: [Slot] = []
  private var total = 0
  /// What is reserved and not settled; part of `total` for as long as its slots count.
  private var reserved = 0
  /// The number of the newest slot that something was asked in.
  private var newest: Int64 = .min
  /// When the bucket of the burst is full again, but for what is reserved.
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
    count(1, keepingOpen: false, rate, burst: burst, at: now)
  }

  /// Counts `amount` if it fits, until `settle` says what was used of it.
  ///
  /// As `take`. The wait of a refusal is exact if nothing is settled meanwhile; with a burst, if
  /// everything is, at what was reserved.
  ///
  /// - Complexity: linear in the slots.
  package mutating func reserve(
    _ amount: Int,
    _ rate: LimitSettings.Rate,
    burst: Int,
    at now: Int64
  ) -> (decision: RateDecision, reservation: Reservation?) {
    let decision = count(amount, keepingOpen: true, rate, burst: burst, at: now)
    guard decision.verdict == .admitted else { return (decision, nil) }
    return (decision, Reservation(amount: amount, slotEnd: (newest + 1) * slotNanoseconds - 1))
  }

  /// Counts `used` in place of what was reserved, under the rate that it was reserved under.
  ///
  /// Slots stay as the last take has them: an exchange of an older generation must not bring its
  /// rate back.
  ///
  /// - Complexity: linear in the slots.
  package mutating func settle(
    _ reservation: Reservation,
    used: Int,
    _ rate: LimitSettings.Rate,
    burst: Int,
    at now: Int64
  ) {
    precondition(reserved >= reservation.amount, "what was not reserved cannot be settled")
    reserved -= reservation.amount
    let now = step(to: now)
    if used > reservation.amount {
      add(used - reservation.amount)
    } else {
      giveBack(reservation.amount - used, at: reservation.slotEnd)
    }
    if burst > 0 {
      fullAt = BurstBucket(rate: rate, burst: burst).pouring(used, fullAt: fullAt, at: now)
    }
  }

  /// From this time on nothing counts any more; a value that is dropped then is not missed, unless
  /// it is awaited.
  package var idleAt: Int64 {
    guard let last = slots.last else { return fullAt }
    return max(fullAt, end(of: last))
  }

  /// Whether something is reserved that is not settled.
  package var isAwaited: Bool { reserved > 0 }

  /// The length of the window, rounded up to whole slots.
  package var length: Int64 { slotNanoseconds * Self.slotsPerWindow }

  private mutating func count(
    _ amount: Int,
    keepingOpen: Bool,
    _ rate: LimitSettings.Rate,
    burst: Int,
    at now: Int64
  ) -> RateDecision {
    adopt(slotNanoseconds: Self.slotNanoseconds(of: rate))
    let now = step(to: now)
    let quota = rate.count + burst
    let bucket = burst > 0 ? BurstBucket(rate: rate, burst: burst) : nil
    let wait = max(
      waitForSlots(for: amount, quota: quota, at: now),
      bucket?.wait(for: amount, reserved: reserved, fullAt: fullAt, at: now) ?? 0
    )
    if wait == 0 {
      add(amount)
      if keepingOpen {
        reserved += amount
      } else if let bucket {
        fullAt = bucket.pouring(amount, fullAt: fullAt, at: now)
      }
    }
    let left = max(0, quota - total)
    let leftInBucket = bucket?.left(reserved: reserved, fullAt: fullAt, at: now)
    return RateDecision(
      verdict: wait == 0 ? .admitted : .refused(retryAfterNanoseconds: wait),
      quota: quota,
      remaining: min(left, leftInBucket ?? left),
      resetNanoseconds: max(idleAt, now) - now
    )
  }

  private mutating func add(_ amount: Int) {
    guard amount > 0 else { return }
    total += amount
    if let last = slots.last, last.number == newest {
      slots[slots.count - 1].count += amount
    } else {
      slots.append(Slot(number: newest, count: amount))
    }
  }

  /// Takes up to `amount` from the slot that ends, or ended, at `slotEnd`.
  ///
  /// If there is no such slot it has passed, or a rate that changed twice has moved it: then what
  /// was taken stays, on the strict side.
  private mutating func giveBack(_ amount: Int, at slotEnd: Int64) {
    let number = Self.floorDivision(slotEnd, slotNanoseconds)
    guard amount > 0, let place = slots.lastIndex(where: { $0.number == number }) else { return }
    let given = min(amount, slots[place].count)
    total -= given
    slots[place].count -= given
    if slots[place].count == 0 { slots.remove(at: place) }
  }

  /// Moves on to `now`, or to the last time that was asked at if that is later, which is returned.
  private mutating func step(to now: Int64) -> Int64 {
    let now = max(now, newest == .min ? now : newest * slotNanoseconds)
    newest = max(newest, Self.floorDivision(now, slotNanoseconds))
    var expired = 0
    while expired < slots.count, newest - slots[expired].number > Self.slotsPerWindow {
      total -= slots[expired].count
      expired += 1
    }
    if expired > 0 { slots.removeFirst(expired) }
    return now
  }

  /// How long until so much has expired that `amount` fits; 0 if it does now.
  private func waitForSlots(for amount: Int, quota: Int, at now: Int64) -> Int64 {
    guard total > quota - amount else { return 0 }
    var excess = total - (quota - amount)
    for slot in slots {
      excess -= slot.count
      if excess <= 0 { return end(of: slot) - now }
    }
    // More than the quota: no wait helps, so the client is told the longest one that is honest.
    return length
  }

  /// The time from which a slot no longer counts.
  private func end(of slot: Slot) -> Int64 {
    (slot.number + Self.slotsPerWindow + 1) * slotNanoseconds
  }

  /// Moves what was counted into slots of another length, each at the end of its old one.
  private mutating func adopt(slotNanoseconds new: Int64) {
    guard new != slotNanoseconds else { return }
    defer { slotNanoseconds = new }
    guard newest != .min else { return }
    let moved = slots.map { slot in
      Slot(
        number: Self.floorDivision((slot.number + 1) * slotNanoseconds - 1, new),
        count: slot.count
      )
    }
    // The last of these may lie ahead of the clock; nothing is earlier than `newest` then, and what
    // is asked next counts as asked at that time.
    newest = max(
      Self.floorDivision(newest * slotNanoseconds, new),
      moved.last?.number ?? .min
    )
    slots.removeAll(keepingCapacity: true)
    for slot in moved {
      if let last = slots.last, last.number == slot.number {
        slots[slots.count - 1].count += slot.count
      } else if newest - slot.number <= Self.slotsPerWindow {
        slots.append(slot)
      } else {
        total -= slot.count
      }
    }
  }

  private static func slotNanoseconds(of rate: LimitSettings.Rate) -> Int64 {
    let window = max(1, rate.windowNanoseconds)
    return (window - 1) / slotsPerWindow + 1
  }

  private static func floorDivision(_ value: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
