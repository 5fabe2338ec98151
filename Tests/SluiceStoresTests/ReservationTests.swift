import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStores
import SluiceTestSupport
import Testing

@Suite("Reservations in a sliding window")
struct ReservationTests {
  private let second: Int64 = 1_000_000_000
  private let rate = LimitSettings.Rate(count: 100, per: .seconds(60))

  private func reserve(
    _ amount: Int,
    _ window: inout SlidingWindow,
    burst: Int = 0,
    at now: Int64
  ) throws -> Reservation {
    let reservation = window.reserve(amount, rate, burst: burst, at: now).reservation
    return try #require(reservation)
  }

  private func left(_ window: SlidingWindow, burst: Int = 0, at now: Int64) -> Int {
    var copy = window
    // More than ever fits: refused, with what is left.
    return copy.reserve(1_000_000, rate, burst: burst, at: now).decision.remaining
  }

  @Test("what was not used is given back to its own slot, and expires with it")
  func givesBack() throws {
    var window = SlidingWindow(rate: rate)
    let early = try reserve(60, &window, at: 0)
    _ = try reserve(30, &window, at: 20 * second)
    #expect(left(window, at: 30 * second) == 10)
    window.settle(early, used: 15, rate, burst: 0, at: 30 * second)
    #expect(left(window, at: 30 * second) == 55)
    // The 15 left with their slot, not a window after they were settled.
    #expect(left(window, at: 61 * second - 1) == 55)
    #expect(left(window, at: 61 * second) == 70)
  }

  @Test("what is given back after its slot has passed makes no room")
  func passed() throws {
    var window = SlidingWindow(rate: rate)
    let early = try reserve(60, &window, at: 0)
    _ = try reserve(80, &window, at: 70 * second)
    #expect(window.isAwaited)
    window.settle(early, used: 0, rate, burst: 0, at: 80 * second)
    #expect(left(window, at: 80 * second) == 20)
  }

  @Test("what was used beyond it counts for a whole window from its settlement")
  func debt() throws {
    var window = SlidingWindow(rate: rate)
    let reservation = try reserve(50, &window, at: 0)
    window.settle(reservation, used: 170, rate, burst: 0, at: 40 * second)
    #expect(left(window, at: 40 * second) == 0)
    #expect(window.reserve(1, rate, burst: 0, at: 100 * second).reservation == nil)
    let refused = window.reserve(10, rate, burst: 0, at: 100 * second).decision
    #expect(refused.verdict == .refused(retryAfterNanoseconds: second))
    #expect(window.reserve(10, rate, burst: 0, at: 101 * second).reservation != nil)
  }

  @Test("a refusal tells when exactly so much fits")
  func wait() throws {
    var window = SlidingWindow(rate: rate)
    for slot in 0..<4 as Range<Int64> { _ = try reserve(25, &window, at: slot * 5 * second) }
    func wait(_ amount: Int) -> RateDecision.Verdict {
      var copy = window
      return copy.reserve(amount, rate, burst: 0, at: 20 * second).decision.verdict
    }
    #expect(wait(1) == .refused(retryAfterNanoseconds: 41 * second))
    #expect(wait(25) == .refused(retryAfterNanoseconds: 41 * second))
    #expect(wait(26) == .refused(retryAfterNanoseconds: 46 * second))
    #expect(wait(100) == .refused(retryAfterNanoseconds: 56 * second))
  }

  @Test("a burst is not given back twice by what refilled while it was reserved")
  func refill() throws {
    // Each holds much for half a window and uses little of it.
    var window = SlidingWindow(rate: rate)
    var used = 0
    for turn in 0..<400 as Range<Int64> {
      let now = turn * 3 * second
      var kept: [Reservation] = []
      for _ in 0..<8 {
        if let one = window.reserve(20, rate, burst: 60, at: now).reservation { kept.append(one) }
      }
      for one in kept {
        window.settle(one, used: 15, rate, burst: 60, at: now + 2 * second)
        used += 15
      }
    }
    // 1,200 s at 100 a minute, and the depth of the bucket once.
    #expect(used <= 2_000 + 160)
    #expect(used >= 1_900)
  }

  @Test("a window whose length changed settles what was reserved before")
  func changedRate() throws {
    for length in [Duration.seconds(1), .seconds(600), .seconds(3_600)] {
      let changed = LimitSettings.Rate(count: 100, per: length)
      var window = SlidingWindow(rate: rate)
      let reservation = try reserve(80, &window, at: 5 * second)
      #expect(window.take(changed, burst: 0, at: 5 * second).remaining == 19)
      window.settle(reservation, used: 10, rate, burst: 0, at: 5 * second + 1)
      #expect(window.take(changed, burst: 0, at: 5 * second + 1).remaining == 88)
      #expect(!window.isAwaited)
    }
  }

  @Test("agrees with a model that remembers everything", arguments: 0..<48)
  func property(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let windows: [Duration] = [
      .seconds(1), .seconds(60), .milliseconds(777), .seconds(3_600), .nanoseconds(61),
    ]
    let rate = LimitSettings.Rate(
      count: random.below(400) + 1,
      per: windows[random.below(5)]
    )
    let burst = random.below(2) == 0 ? 0 : random.below(200)
    let length = rate.window.nanoseconds

    var window = SlidingWindow(rate: rate)
    var model = Model(rate: rate, burst: burst)
    var open: [(reservation: Reservation, place: Int)] = []
    var now = Int64(random.below(Int(length) * 3))
    var admitted = 0
    for _ in 0..<400 {
      switch random.below(20) {
      case 0: now += Int64(random.below(Int(length) * 2 + 1))
      case 1..<6: break
      default: now += Int64(random.below(Int(length) / 8 + 2))
      }
      if !open.isEmpty, random.below(5) < 2 {
        let (reservation, place) = open.remove(at: random.below(open.count))
        let used: Int
        switch random.below(4) {
        case 0: used = 0
        case 1: used = reservation.amount
        case 2: used = random.below(reservation.amount + 1)
        default: used = random.below(2 * reservation.amount + 1)
        }
        window.settle(reservation, used: used, rate, burst: burst, at: now)
        model.settle(place, used: used, at: now)
        continue
      }
      let amount = random.below(3) == 0 ? 1 : random.below(rate.count + burst) + 1
      let fits = model.fits(amount, at: now)
      let before = window
      let (decision, reservation) = window.reserve(amount, rate, burst: burst, at: now)
      #expect((decision.verdict == .admitted) == fits)
      if let reservation {
        admitted += 1
        // No window of the clock holds more, at what each is known to have used, debts included.
        #expect(model.counted(within: length, at: now) + amount <= rate.count + burst)
        open.append((reservation, model.reserve(amount, at: now)))
      }
      #expect(decision.remaining == model.left(at: now))
      guard case .refused(let wait) = decision.verdict else { continue }
      // Exact if what is open comes to what it was reserved at.
      var settled = before
      for one in open {
        settled.settle(one.reservation, used: one.reservation.amount, rate, burst: burst, at: now)
      }
      var early = settled
      #expect(early.reserve(amount, rate, burst: burst, at: now + wait - 1).reservation == nil)
      #expect(settled.reserve(amount, rate, burst: burst, at: now + wait).reservation != nil)
    }
    #expect(admitted > 20)
    for one in open { window.settle(one.reservation, used: 0, rate, burst: burst, at: now) }
    #expect(!window.isAwaited)
  }

  /// The same by brute force: every count and every pour, summed up anew each time.
  private struct Model {
    let rate: LimitSettings.Rate
    let burst: Int
    /// Reservations at what they are known to have used, and debts.
    private var counts: [(time: Int64, amount: Int)] = []
    private var open: Set<Int> = []
    private var pours: [(time: Int64, amount: Int)] = []

    init(rate: LimitSettings.Rate, burst: Int) {
      self.rate = rate
      self.burst = burst
    }

    private var quota: Int { rate.count + burst }
    private var length: Int64 { rate.window.nanoseconds }
    private var slot: Int64 { (length - 1) / 60 + 1 }
    private var unit: Int64 { (length - 1) / Int64(rate.count) + 1 }

    func counted(within span: Int64, at now: Int64) -> Int {
      counts.filter { $0.time > now - span }.reduce(0) { $0 + $1.amount }
    }

    private func total(at now: Int64) -> Int {
      counts.filter { now / slot - $0.time / slot <= 60 }.reduce(0) { $0 + $1.amount }
    }

    /// What is not refilled, in nanoseconds of refilling.
    private func used(at now: Int64) -> Int64 {
      var used: Int64 = 0
      var last: Int64 = 0
      for pour in pours {
        used = max(0, used - (pour.time - last)) + unit * Int64(pour.amount)
        last = pour.time
      }
      let reserved = open.reduce(0) { $0 + counts[$1].amount }
      return max(0, used - (now - last)) + unit * Int64(reserved)
    }

    func fits(_ amount: Int, at now: Int64) -> Bool {
      total(at: now) + amount <= quota
        && (burst == 0 || used(at: now) + unit * Int64(amount) <= unit * Int64(quota))
    }

    func left(at now: Int64) -> Int {
      let left = max(0, quota - total(at: now))
      guard burst > 0 else { return left }
      return min(left, Int(max(0, unit * Int64(quota) - used(at: now)) / unit))
    }

    mutating func reserve(_ amount: Int, at now: Int64) -> Int {
      counts.append((now, amount))
      open.insert(counts.count - 1)
      return counts.count - 1
    }

    mutating func settle(_ place: Int, used: Int, at now: Int64) {
      open.remove(place)
      pours.append((now, used))
      let reserved = counts[place].amount
      counts[place].amount = min(used, reserved)
      if used > reserved { counts.append((now, used - reserved)) }
    }
  }
}

@Suite("Reservations in the embedded counters")
struct CountedReservationTests {
  private let counters = EmbeddedCounters(keys: 4, shards: 1)
  private let rate = LimitSettings.Rate(count: 10, per: .seconds(1))

  private func reserve(_ amount: Int, _ key: String, at now: Int64) -> Reservation? {
    counters.reserve(
      amount,
      limit: "tokens",
      key: key,
      rate: rate,
      burst: 0,
      at: Moment(monotonic: now, wall: 0)
    )
    .reservation
  }

  private func settle(_ reservation: Reservation, used: Int, _ key: String, at now: Int64) {
    counters.settle(
      reservation,
      used: used,
      limit: "tokens",
      key: key,
      rate: rate,
      burst: 0,
      at: Moment(monotonic: now, wall: 0)
    )
  }

  @Test("a key that is awaited is kept however long it takes, and leaves when it is settled")
  func awaited() throws {
    let second: Int64 = 1_000_000_000
    let first = try #require(reserve(10, "slow", at: 0))
    for turn in 1...50 as ClosedRange<Int64> {
      // Others come and go; their room is their own.
      let other = try #require(reserve(10, "other-\(turn)", at: turn * 3 * second))
      settle(other, used: 10, "other-\(turn)", at: turn * 3 * second)
    }
    #expect(counters.keyCount <= 4)
    // A debt finds its window.
    settle(first, used: 25, "slow", at: 200 * second)
    #expect(reserve(1, "slow", at: 200 * second) == nil)
    #expect(reserve(1, "slow", at: 202 * second) != nil)
  }

  @Test("a table that is full refuses what it could not count")
  func full() throws {
    for key in 0..<4 { _ = try #require(reserve(1, "key-\(key)", at: 5)) }
    let answer = counters.reserve(
      1,
      limit: "tokens",
      key: "new",
      rate: rate,
      burst: 0,
      at: Moment(monotonic: 6, wall: 0)
    )
    guard case .tableFull = answer.decision.verdict else {
      Issue.record("not refused as full: \(answer.decision.verdict)")
      return
    }
    #expect(answer.reservation == nil)
  }
}
