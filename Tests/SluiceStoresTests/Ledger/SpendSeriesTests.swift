import SluiceCore
import SluiceTestSupport
import Testing

@testable import SluiceStores

@Suite("Series of spending")
struct SpendSeriesTests {
  private static let second: Int64 = 1_000_000_000
  private static let windows: [Int64] = [
    60, 90, 600, 1_800, 3_600, 10_000, 86_400, 7 * 86_400, 31 * 86_400,
  ]

  @Test(
    "are never less than the truth and at most a sixtieth of the window late",
    arguments: 0..<12
  )
  func bounds(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var series = SpendSeries()
    var truth: [(second: Int64, cost: Int64)] = []
    var now: Int64 = 1_772_366_400
    // Bursts, trickles and silences, until the longest window has passed more than once.
    while now < 1_772_366_400 + 70 * 86_400 {
      let pace = [1, 1, 20, 600, 9_000, 90_000][random.below(6)]
      for _ in 0..<random.below(120) {
        now += Int64(random.below(pace + 1))
        let cost = Int64(random.below(1_000))
        series.add(NanoDollars(cost), at: now)
        truth.append((now, cost))
      }
      let wall = now * Self.second + Int64(random.below(1_000_000_000))
      for window in Self.windows {
        let sum = series.sum(within: window * Self.second, at: wall).count
        let beginning = wall - window * Self.second
        let least = truth.reduce(0) {
          $1.second * Self.second >= beginning ? $0 + $1.cost : $0
        }
        let earlier = beginning - window * Self.second / 60 - Self.second
        let most = truth.reduce(0) { $1.second * Self.second >= earlier ? $0 + $1.cost : $0 }
        #expect(sum >= least && sum <= most, "window \(window) s at \(now)")
      }
    }
  }

  @Test("stay small however long spending goes on")
  func bounded() {
    var series = SpendSeries()
    var most = 0
    var now: Int64 = 1_772_366_400
    for _ in 0..<300_000 {
      now += 9
      series.add(NanoDollars(1_000_000_000_000), at: now)
      most = max(most, series.marks.count)
    }
    #expect(most < 2_000)
    #expect(
      series.sum(within: 60 * Self.second, at: now * Self.second) >= NanoDollars(7_000_000_000_000)
    )
  }

  @Test("a clock that steps back takes nothing out of a window sooner")
  func steps() {
    var series = SpendSeries()
    series.add(NanoDollars(5), at: 1_000)
    series.add(NanoDollars(7), at: 400)
    #expect(series.sum(within: 60 * Self.second, at: 1_000 * Self.second) == NanoDollars(12))
    #expect(series.sum(within: 60 * Self.second, at: 410 * Self.second) == NanoDollars(12))
    #expect(series.sum(within: 60 * Self.second, at: 1_100 * Self.second) == .zero)
  }
}
