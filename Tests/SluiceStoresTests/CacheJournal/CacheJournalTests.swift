import SluiceCore
import SluicePipeline
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceStores

@Suite("The cache's journal")
struct CacheJournalTests {
  @Test("an answer survives the process, with its age, its tags and its time to be stale")
  func survives() {
    let bench = CacheBench()
    bench.store("a", product: "p", tags: ["t", "u"], ttl: 100, stale: 50)
    bench.pass(seconds: 10)
    #expect(bench.journal.usage.written == 1)
    let next = bench.restarted(after: 20)
    #expect(next.journal.recovery.replies == 1)
    #expect(next.journal.recovery.damage == nil)
    let reply = next.cache.reply(for: .of("a"), at: next.now)
    #expect(reply?.product == "p")
    #expect(reply?.tags == ["t", "u"])
    #expect(reply?.model == "m")
    #expect(reply.map { next.now.monotonic - $0.storedAt.monotonic } == 30 * CacheBench.second)
    next.pass(seconds: 69)
    #expect(next.body("a") == "body of a")
    next.pass(seconds: 1)
    #expect(next.body("a") == nil)
    #expect(next.cache.staleReply(for: .of("a"), at: next.now) != nil)
    next.pass(seconds: 50)
    #expect(next.cache.staleReply(for: .of("a"), at: next.now) == nil)
  }

  @Test("what was not written when the process was killed is only missing")
  func killed() {
    let bench = CacheBench()
    bench.store("a")
    bench.pass(seconds: 1)
    bench.store("b")
    let next = bench.restarted()
    #expect(next.body("a") == "body of a")
    #expect(next.body("b") == nil)
  }

  @Test("a clean end writes what waits")
  func closed() {
    let bench = CacheBench()
    bench.store("a")
    bench.journal.close()
    #expect(bench.restarted().body("a") == "body of a")
  }

  @Test("the last of several answers to one question is the one that comes back")
  func replaced() {
    let bench = CacheBench()
    bench.store("a", body: "one")
    bench.pass(seconds: 1)
    bench.store("a", body: "two")
    bench.pass(seconds: 1)
    let next = bench.restarted()
    #expect(next.body("a") == "two")
    #expect(next.cache.usage.entries == 1)
  }

  @Test("goes on over many starts, each age counted from the first")
  func manyStarts() {
    var bench = CacheBench()
    bench.store("a", ttl: 100)
    bench.pass(seconds: 1)
    for boot in 0..<9 {
      bench.store("b\(boot)", ttl: 1_000)
      bench.pass(seconds: 5)
      bench = bench.restarted(after: 5, monotonic: Int64(boot), clock: "boot \(boot)")
      #expect(bench.body("a") == "body of a")
    }
    #expect(bench.cache.usage.entries == 10)
    bench.pass(seconds: 10)
    #expect(bench.restarted().body("a") == nil)
  }

  // MARK: Clocks

  @Test("within one boot a step of the wall clock changes no age", arguments: [-5_000, 5_000])
  func stepWithinBoot(seconds: Int64) {
    let bench = CacheBench()
    bench.store("a", ttl: 100)
    bench.pass(seconds: 10)
    bench.step(seconds: seconds)
    let next = bench.restarted(after: 89)
    #expect(next.body("a") == "body of a")
    next.pass(seconds: 1)
    #expect(next.body("a") == nil)
  }

  @Test("after a boot, a wall clock before the last record leaves no age to be trusted")
  func clockWentBack() {
    let bench = CacheBench()
    bench.store("a", ttl: 100)
    bench.pass(seconds: 10)
    bench.step(seconds: -11)
    let next = bench.restarted(monotonic: 5, clock: "boot b")
    #expect(next.body("a") == nil)
    #expect(next.journal.recovery.damage == .clockWentBack)
    // And not only for this start.
    let later = next.restarted(after: 60, monotonic: 6, clock: "boot c")
    #expect(later.body("a") == nil)
  }

  @Test("a step back while the process runs does not add to a life after the next boot")
  func stepBackBeforeBoot() {
    let bench = CacheBench()
    bench.store("a", ttl: 100)
    bench.pass(seconds: 50)
    bench.step(seconds: -45)
    bench.store("b", ttl: 100)
    bench.pass(seconds: 1)
    // By the wall clock "a" would be 55 s old; it is 100.
    let next = bench.restarted(after: 49, monotonic: 7, clock: "boot b")
    #expect(next.body("a") == nil)
    #expect(next.body("b") == "body of b")
  }

  // MARK: Invalidation

  @Test(
    "what was invalidated does not come back, what was not does",
    arguments: [
      CacheSelection.everything, .product("p"), .tag("t"), .key(.of("a")),
    ]
  )
  func invalidated(selection: CacheSelection) throws {
    let bench = CacheBench()
    bench.store("a", product: "p", tags: ["t"])
    bench.store("z", product: "q", tags: ["u"])
    bench.pass(seconds: 1)
    try bench.forget(selection)
    bench.store("late", product: "p", tags: ["t"])
    bench.pass(seconds: 1)
    let next = bench.restarted()
    #expect(next.body("a") == nil)
    #expect(next.body("z") == (selection == .everything ? nil : "body of z"))
    #expect(next.body("late") == "body of late")
  }

  @Test("an invalidation is on the disk when it returns, before what waited and after it")
  func invalidationIsDurable() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a")
    // Still waits to be written.
    try bench.forget(.product("p"))
    #expect(bench.restarted(on: medium.afterKill()).body("a") == nil)
    bench.pass(seconds: 1)
    #expect(bench.restarted(on: medium.afterKill()).body("a") == nil)
    bench.store("b")
    bench.pass(seconds: 1)
    #expect(bench.restarted(on: medium.afterKill()).body("b") == "body of b")
    // What was written before it is synced with it, what comes after it is not.
    #expect(bench.restarted(on: medium.afterPowerLoss()).journal.recovery.replies == 0)
  }

  @Test("an answer that was asked for before an invalidation is not written after it")
  func lateAnswer() throws {
    let bench = CacheBench()
    let epoch = bench.cache.epoch(of: "p")
    try bench.forget(.product("p"))
    #expect(!bench.store("a", epoch: epoch))
    bench.pass(seconds: 1)
    #expect(bench.restarted().body("a") == nil)
  }

  @Test("with storing, forgetting and writing at once, nothing that was forgotten comes back")
  func race() async throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    let writing = Task {
      while !Task.isCancelled {
        bench.pass(seconds: 1)
        await Task.yield()
      }
    }
    for round in 0..<50 {
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<8 {
          group.addTask {
            let epoch = bench.cache.epoch(of: "p")
            await Task.yield()
            bench.store("\(round) \(number)", ttl: 1_000_000, epoch: epoch)
          }
        }
        group.addTask {
          do throws(LedgerFailure) {
            try bench.forget(.product("p"))
          } catch {
            Issue.record(error)
          }
        }
      }
      let alive = (0..<8).filter { bench.body("\(round) \($0)") != nil }
      bench.journal.flush()
      let next = bench.restarted(on: medium.afterKill())
      for number in 0..<8 where !alive.contains(number) {
        #expect(next.body("\(round) \(number)") == nil)
      }
      for earlier in 0..<round { #expect(next.body("\(earlier) 0") == nil) }
      try bench.forget(.product("p"))
    }
    writing.cancel()
    await writing.value
  }

  // MARK: Kills

  @Test("killed at any byte of any write, no forgotten answer comes back and none is another's")
  func killedAnywhere() throws {
    struct Left {
      var medium: MemoryJournal
      var forgotten: Set<String>
      var kept: Set<String>
    }
    let left = Mutex<[Left]>([])
    let forgotten = Mutex<Set<String>>([])
    let kept = Mutex<Set<String>>([])
    let base = MemoryJournal()
    let watched = WatchedJournal(base) { medium in
      let (gone, sure) = (forgotten.withLock { $0 }, kept.withLock { $0 })
      left.withLock { $0.append(Left(medium: medium, forgotten: gone, kept: sure)) }
    }
    let bench = CacheBench(watched)
    func keep(_ names: String...) {
      bench.pass(seconds: 1)
      kept.withLock { $0.formUnion(names) }
    }
    func forget(_ selection: CacheSelection, _ names: String...) throws {
      // From here on either may be found, until it is acknowledged.
      kept.withLock { $0.subtract(names) }
      try bench.forget(selection)
      forgotten.withLock { $0.formUnion(names) }
    }
    bench.store("a", product: "p")
    bench.store("b", product: "q", tags: ["t"])
    keep("a", "b")
    try forget(.product("p"), "a")
    bench.store("c", product: "p")
    keep("c")
    bench.journal.compact()
    bench.store("d", product: "q", tags: ["t"])
    try forget(.tag("t"), "b", "d")
    bench.store("e", product: "q")
    keep("e")
    bench.journal.compact()
    try forget(.everything, "c", "e")
    bench.work()

    let states = left.withLock { $0 }
    #expect(states.count > 500)
    for state in states {
      let next = bench.restarted(on: state.medium)
      #expect(next.journal.recovery.damage == nil)
      for name in ["a", "b", "c", "d", "e"] {
        let body = next.body(name)
        if state.forgotten.contains(name) { #expect(body == nil) }
        if state.kept.contains(name) { #expect(body != nil) }
        if let body { #expect(body == "body of \(name)") }
      }
    }
  }

  @Test("with any one byte changed, what comes back is right or nothing, and damage is told")
  func damaged() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a", product: "p")
    bench.store("b", product: "q")
    bench.pass(seconds: 1)
    try bench.forget(.product("p"))
    bench.store("c", product: "p")
    bench.journal.flush()
    try bench.forget(.product("q"))
    let segment = try #require(medium.segments.first)
    for place in segment.value.indices {
      for bit: UInt8 in [1, 0x80] {
        var bytes = segment.value
        bytes[place] ^= bit
        let next = bench.restarted(on: MemoryJournal(segments: [segment.key: bytes]))
        // Its tombstone is there or all before it is gone.
        #expect(next.body("a") == nil)
        #expect(next.body("b") == nil)
        #expect([nil, "body of c"].contains(next.body("c")))
        #expect(next.journal.recovery.damage != nil || next.journal.recovery.tornBytes > 0)
        // It goes on.
        next.store("new")
        next.pass(seconds: 1)
        #expect(next.restarted().body("new") == "body of new")
      }
    }
  }

  @Test("bytes of anything else are no cache", arguments: 0..<40)
  func noise(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let bytes = (0..<random.next() % 5_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let bench = CacheBench(MemoryJournal(segments: [3: bytes]))
    #expect(bench.journal.recovery.replies == 0)
    bench.store("a")
    bench.pass(seconds: 1)
    #expect(bench.restarted().body("a") == "body of a")
  }

  @Test("a segment of a newer version, and a missing one, drop what is before them and are told")
  func versionAndGap() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a")
    bench.pass(seconds: 1)
    var newer = RecordWriter()
    newer.append(.header(version: 2, segment: 2, clock: "x", CacheBench.start))
    let old = medium.segments
    let next = bench.restarted(
      on: MemoryJournal(segments: old.merging([2: newer.bytes], uniquingKeysWith: { $1 }))
    )
    #expect(next.journal.recovery.damage == .version(2, segment: 2))
    #expect(next.body("a") == nil)
    #expect(try next.medium.contents().segments == [])

    let first = try #require(old[1])
    let gap = bench.restarted(on: MemoryJournal(segments: [1: first, 3: []]))
    #expect(gap.journal.recovery.damage == .gap(before: 3))
    #expect(gap.body("a") == nil)
  }

  // MARK: Room

  @Test("a full disk costs what does not fit; it is told, once, and so is the end of it")
  func fullDisk() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a")
    bench.pass(seconds: 1)
    medium.faults.room = 40
    bench.store("b")
    bench.pass(seconds: 1)
    bench.store("c")
    bench.pass(seconds: 2)
    #expect(bench.body("c") == "body of c")
    #expect(bench.journal.usage.dropped == 2)
    #expect(!bench.journal.usage.isWritable)
    #expect(bench.notices == [.failed(LedgerFailure(reason: "no space left on device"))])
    medium.faults.room = .max
    bench.store("d")
    bench.pass(seconds: 2)
    #expect(bench.journal.usage.isWritable)
    guard case .recovered = bench.notices.last, bench.notices.count == 2 else {
      Issue.record("\(bench.notices)")
      return
    }
    let next = bench.restarted()
    #expect(next.body("a") == "body of a")
    #expect(next.body("b") == nil)
    #expect(next.body("d") == "body of d")
  }

  @Test("where an invalidation cannot be written, all that is written is removed instead")
  func wiped() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a", product: "p")
    bench.store("b", product: "q")
    bench.pass(seconds: 1)
    medium.faults.room = 0
    try bench.forget(.product("p"))
    #expect(medium.segments.isEmpty)
    #expect(bench.body("b") == "body of b")
    medium.faults.room = .max
    // What is left is written again by the next sweep.
    bench.pass(seconds: 3_600)
    #expect(bench.restarted().body("a") == nil)
    bench.store("c")
    bench.pass(seconds: 1)
    #expect(bench.restarted().body("c") == "body of c")
  }

  @Test("where nothing can be written nor removed, an invalidation is not acknowledged")
  func notAcknowledged() {
    let bench = CacheBench(DeadJournal())
    bench.store("a")
    bench.pass(seconds: 1)
    #expect(bench.body("a") == "body of a")
    #expect(throws: LedgerFailure.self) { try bench.forget(.everything) }
    #expect(bench.body("a") == nil)
  }

  @Test("what does not fit in the queue is kept in memory only")
  func fullQueue() {
    let bench = CacheBench()
    let large = String(repeating: "x", count: 3 << 20)
    for number in 0..<8 { bench.store("\(number)", body: large) }
    #expect(bench.journal.usage.dropped == 2)
    bench.pass(seconds: 1)
    #expect(bench.restarted().journal.recovery.replies == 6)
  }

  @Test("grows to a bound of what the cache holds, and keeps what that is")
  func bounded() {
    let bench = CacheBench(segmentBytes: 10_000)
    let large = String(repeating: "x", count: 1_000)
    for number in 0..<200 {
      bench.store("\(number % 3)", body: large)
      bench.pass(seconds: 1)
      #expect(bench.journal.usage.bytes < 10_000 + 3 * 2_000)
    }
    #expect(bench.restarted().journal.recovery.replies == 3)
  }

  @Test("what was evicted, expired or invalidated leaves the disk within an hour or two")
  func swept() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium, bytes: 4_000)
    bench.store("expires", ttl: 10)
    for number in 0..<20 { bench.store("\(number)", product: "q", ttl: 100_000) }
    bench.store("told", product: "p", ttl: 100_000)
    bench.pass(seconds: 1)
    try bench.forget(.product("p"))
    bench.pass(seconds: 3_600)
    let text = String(
      decoding: medium.segments.sorted { $0.key < $1.key }.flatMap(\.value),
      as: UTF8.self
    )
    #expect(!text.contains("body of expires"))
    #expect(!text.contains("body of told"))
    #expect(!text.contains("body of 0"))
    #expect(text.contains("body of 19"))
    #expect(bench.restarted().body("19") == "body of 19")
  }

  @Test("an invalidation of everything leaves nothing on the disk")
  func everythingGoes() throws {
    let medium = MemoryJournal()
    let bench = CacheBench(medium)
    bench.store("a")
    bench.pass(seconds: 1)
    try bench.forget(.everything)
    bench.work()
    let text = String(decoding: medium.segments.values.flatMap { $0 }, as: UTF8.self)
    #expect(!text.contains("body of"))
  }

  @Test("a cache with less room takes what was used last")
  func lessRoom() {
    let bench = CacheBench()
    for number in 0..<20 { bench.store("\(number)") }
    bench.pass(seconds: 1)
    let next = bench.restarted(bytes: 4_000)
    #expect(next.cache.usage.bytes <= 4_000)
    #expect(next.body("19") == "body of 19")
    #expect(next.body("0") == nil)
  }

  // MARK: States

  @Test("small states come back under their names, after an invalidation too, and can be forgotten")
  func states() throws {
    let bench = CacheBench()
    #expect(bench.journal.keep([1, 2], as: "a"))
    bench.journal.keep([3], as: "b")
    bench.journal.keep([4], as: "a")
    bench.pass(seconds: 1)
    try bench.forget(.everything)
    bench.work()
    let next = bench.restarted()
    #expect(next.journal.state("a") == [4])
    #expect(next.journal.state("b") == [3])
    next.journal.keep([], as: "b")
    next.journal.close()
    #expect(next.restarted().journal.state("b") == nil)
    #expect(!next.journal.keep([UInt8](repeating: 0, count: Bounds.cacheStateBytes + 1), as: "c"))
  }
}

/// A disk that takes nothing and gives nothing back.
private struct DeadJournal: JournalMedium {
  private let failure = LedgerFailure(reason: "input/output error")
  func contents() throws(LedgerFailure) -> JournalContents { throw failure }
  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { throw failure }
  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { throw failure }
  func prepare(_ segment: UInt64) throws(LedgerFailure) { throw failure }
  func append(_ bytes: Span<UInt8>, to segment: UInt64) throws(LedgerFailure) -> Int {
    throw failure
  }
  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) { throw failure }
  func sync(_ segment: UInt64) throws(LedgerFailure) { throw failure }
  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) { throw failure }
  func remove(before number: UInt64) throws(LedgerFailure) { throw failure }
}
