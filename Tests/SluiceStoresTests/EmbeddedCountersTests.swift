import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStores
import Synchronization
import Testing

@Suite("Embedded counters")
struct EmbeddedCountersTests {
  private let minute = LimitSettings.Rate(count: 5, per: .seconds(60))

  @Test("keys and limits count apart")
  func apart() {
    let counters = EmbeddedCounters()
    for _ in 0..<5 { #expect(take(counters, "a", "x") == .admitted) }
    #expect(take(counters, "a", "x") != .admitted)
    #expect(take(counters, "a", "y") == .admitted)
    #expect(take(counters, "b", "x") == .admitted)
  }

  @Test("a table full of live keys refuses a new key and lets it in when one is idle")
  func bounded() {
    let counters = EmbeddedCounters(keys: 10, shards: 1)
    for key in 0..<10 { #expect(take(counters, "a", "k\(key)", at: Int64(key)) == .admitted) }
    guard case .tableFull(let wait) = take(counters, "a", "new", at: 10) else {
      Issue.record("let a key in that nobody counts")
      return
    }
    #expect(counters.keyCount == 10)
    #expect(take(counters, "a", "k3", at: 10) == .admitted)
    #expect(take(counters, "other", "new", at: 10) == .admitted)
    #expect(take(counters, "a", "new", at: 10 + wait) == .admitted)
  }

  @Test("a key in use is not dropped as idle, however many new ones come")
  func keepsLiveKeys() {
    let counters = EmbeddedCounters(keys: 1_000, shards: 1)
    var now: Int64 = 0
    var admitted: [Int64] = []
    for round in 0..<5_000 {
      now += 1_000_000_000
      _ = take(counters, "a", "new\(round)", at: now)
      if take(counters, "a", "constant", at: now) == .admitted { admitted.append(now) }
    }
    for start in admitted {
      #expect(admitted.count { $0 > start - 60_000_000_000 && $0 <= start } <= 5)
    }
    #expect(counters.keyCount < 200)
  }

  @Test("places in flight are given back, and a key without any is forgotten")
  func places() {
    let counters = EmbeddedCounters()
    #expect(counters.enter(limit: "a", key: "x", maximum: 2))
    #expect(counters.enter(limit: "a", key: "x", maximum: 2))
    #expect(!counters.enter(limit: "a", key: "x", maximum: 2))
    #expect(counters.enter(limit: "a", key: "y", maximum: 2))
    counters.leave(limit: "a", key: "x")
    #expect(counters.enter(limit: "a", key: "x", maximum: 2))
    for key in ["x", "x", "y"] { counters.leave(limit: "a", key: key) }
    #expect(counters.keyCount == 0)
  }

  @Test("a lower maximum binds new exchanges at once")
  func loweredMaximum() {
    let counters = EmbeddedCounters()
    for _ in 0..<4 { #expect(counters.enter(limit: "a", key: "x", maximum: 4)) }
    #expect(!counters.enter(limit: "a", key: "x", maximum: 2))
    for _ in 0..<3 { counters.leave(limit: "a", key: "x") }
    #expect(counters.enter(limit: "a", key: "x", maximum: 2))
  }

  @Test("threads that ask at once are admitted no more often than the rate")
  func concurrent() async {
    let counters = EmbeddedCounters()
    let rate = LimitSettings.Rate(count: 1_000, per: .seconds(60))
    let admitted = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<500)
            .count { _ in
              counters.take(
                limit: "a",
                key: "x",
                rate: rate,
                burst: 0,
                at: Moment(monotonic: 7, wall: 0)
              )
              .verdict == .admitted
            }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(admitted == 1_000)
  }

  private func take(
    _ counters: EmbeddedCounters,
    _ limit: String,
    _ key: String,
    at now: Int64 = 0
  ) -> RateDecision.Verdict {
    counters.take(
      limit: limit,
      key: key,
      rate: minute,
      burst: 0,
      at: Moment(monotonic: now, wall: 0)
    )
    .verdict
  }
}
