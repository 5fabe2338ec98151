import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStores
import SluiceTestSupport
import Testing

@Suite("Sliding window")
struct SlidingWindowTests {
  private let second: Int64 = 1_000_000_000

  @Test("admits the count, refuses the next, and says exactly when it fits")
  func retryAfterIsExact() {
    let rate = LimitSettings.Rate(count: 3, per: .seconds(60))
    var window = SlidingWindow(rate: rate)
    let start = 1_000 * second + 250_000_000
    for left in [2, 1, 0] {
      let decision = window.take(rate, burst: 0, at: start)
      #expect(decision.verdict == .admitted)
      #expect(decision.remaining == left)
      #expect(decision.quota == 3)
    }
    // Slots of a second: the slot began at 1000 s and counts until 1061 s.
    let wait = 60 * second + 750_000_000
    let refused = window.take(rate, burst: 0, at: start)
    #expect(refused.verdict == .refused(retryAfterNanoseconds: wait))
    #expect(refused.remaining == 0)
    #expect(refused.resetNanoseconds == wait)
    #expect(window.take(rate, burst: 0, at: start + wait - 1).verdict != .admitted)
    #expect(window.take(rate, burst: 0, at: start + wait).verdict == .admitted)
  }

  @Test("a limit of nothing admits nothing and never says at once")
  func zero() {
    let rate = LimitSettings.Rate(count: 0, per: .seconds(60))
    var window = SlidingWindow(rate: rate)
    #expect(
      window.take(rate, burst: 0, at: 5).verdict
        == .refused(retryAfterNanoseconds: 60 * second)
    )
  }

  @Test("a burst comes on top once, and is earned again by asking less")
  func burst() {
    let rate = LimitSettings.Rate(count: 60, per: .seconds(60))
    var window = SlidingWindow(rate: rate)
    #expect(admitted(&window, rate, burst: 30, from: 0, every: 0, asks: 200) == 90)
    // A full window later the count is back, the burst is not: the average stays 60.
    #expect(admitted(&window, rate, burst: 30, from: 61 * second, every: 0, asks: 200) == 61)
    #expect(admitted(&window, rate, burst: 30, from: 122 * second, every: 0, asks: 200) == 61)
    // An idle window fills the bucket again.
    #expect(admitted(&window, rate, burst: 30, from: 300 * second, every: 0, asks: 200) == 90)
  }

  @Test("a clock that steps back counts as standing still")
  func backwards() {
    let rate = LimitSettings.Rate(count: 1, per: .seconds(60))
    var window = SlidingWindow(rate: rate)
    #expect(window.take(rate, burst: 0, at: 100 * second).verdict == .admitted)
    #expect(window.take(rate, burst: 0, at: 10 * second).verdict != .admitted)
    #expect(window.take(rate, burst: 0, at: 161 * second).verdict == .admitted)
  }

  @Test("a rate that changes keeps what was counted")
  func changedRate() {
    let minute = LimitSettings.Rate(count: 10, per: .seconds(60))
    let hour = LimitSettings.Rate(count: 10, per: .seconds(3_600))
    let second = LimitSettings.Rate(count: 10, per: .seconds(1))
    for changed in [hour, second, LimitSettings.Rate(count: 5, per: .seconds(60))] {
      var window = SlidingWindow(rate: minute)
      #expect(admitted(&window, minute, burst: 0, from: 0, every: 0, asks: 8) == 8)
      let expected = changed.count - 8
      #expect(
        admitted(&window, changed, burst: 0, from: 0, every: 0, asks: 20) == max(0, expected)
      )
    }
    // What a shorter window no longer sees does not count in it.
    var window = SlidingWindow(rate: minute)
    #expect(admitted(&window, minute, burst: 0, from: 0, every: 0, asks: 8) == 8)
    #expect(
      admitted(&window, second, burst: 0, from: 30 * self.second, every: 0, asks: 20) == 10
    )
  }

  @Test(
    "no window holds more than it may; nobody is refused for what is a slot older",
    arguments: 0..<24
  )
  func property(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let windows: [Duration] = [
      .seconds(1), .seconds(60), .milliseconds(777), .seconds(3_600), .nanoseconds(61),
    ]
    let rate = LimitSettings.Rate(
      count: random.below(40) + 1,
      per: windows[random.below(5)]
    )
    let burst = random.below(2) == 0 ? 0 : random.below(30)
    let length = rate.window.nanoseconds
    let slot = (length - 1) / SlidingWindow.slotsPerWindow + 1

    var window = SlidingWindow(rate: rate)
    var admitted: [Int64] = []
    var now = Int64(random.below(Int(length) * 3))
    // Steps from bursts at one instant to pauses of several windows.
    for _ in 0..<500 {
      switch random.below(20) {
      case 0: now += Int64(random.below(Int(length) * 2 + 1))
      case 1..<6: break
      default: now += Int64(random.below(Int(length) / rate.count + 2))
      }
      func count(within span: Int64) -> Int { admitted.count { $0 > now - span } }
      let decision = window.take(rate, burst: burst, at: now)
      switch decision.verdict {
      case .admitted:
        #expect(count(within: length) < rate.count + burst)
        admitted.append(now)
      case .refused(let wait):
        #expect(count(within: slot * (SlidingWindow.slotsPerWindow + 1)) >= rate.count)
        #expect(wait > 0)
        // Exact: a copy that is asked a nanosecond earlier refuses, and then admits.
        var copy = window
        #expect(copy.take(rate, burst: burst, at: now + wait - 1).verdict != .admitted)
        #expect(copy.take(rate, burst: burst, at: now + wait).verdict == .admitted)
      case .tableFull:
        Issue.record("a window has no table")
      }
      #expect(decision.remaining <= rate.count + burst - count(within: length))
    }
    #expect(!admitted.isEmpty)
  }

  @Test("with a burst the average over long times is the rate")
  func average() {
    let rate = LimitSettings.Rate(count: 60, per: .seconds(60))
    var window = SlidingWindow(rate: rate)
    let windows: Int64 = 50
    let total = admitted(
      &window,
      rate,
      burst: 60,
      from: 0,
      every: second / 10,
      asks: Int(windows) * 600
    )
    #expect(total <= 60 * Int(windows) + 120)
    #expect(total >= 58 * Int(windows))
  }

  private func admitted(
    _ window: inout SlidingWindow,
    _ rate: LimitSettings.Rate,
    burst: Int,
    from start: Int64,
    every step: Int64,
    asks: Int
  ) -> Int {
    var count = 0
    for ask in 0..<asks
    where window.take(rate, burst: burst, at: start + Int64(ask) * step).verdict == .admitted {
      count += 1
    }
    return count
  }
}
