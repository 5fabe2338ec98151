import SluiceCore
import SluicePipeline
import Synchronization

@testable import SluiceStores

/// A cache on a journal in memory, with clocks, timers and blocking work that the test turns by hand.
final class CacheBench: Sendable {
  private struct State {
    var now: Moment
    var timers: [(at: Int64, run: @Sendable () -> Void)] = []
    var work: [@Sendable () -> Void] = []
    var notices: [CacheNotice] = []
  }
  private final class Shared: Sendable {
    let state: Mutex<State>
    init(_ state: State) { self.state = Mutex(state) }
  }
  private let shared: Shared
  let medium: any JournalMedium
  let clock: String
  let journal: CacheJournal
  let cache: EmbeddedReplyCache

  static let start = Moment(monotonic: 1_000 * second, wall: 1_772_366_400 * second)
  static let second: Int64 = 1_000_000_000

  init(
    _ medium: any JournalMedium = MemoryJournal(),
    at now: Moment = CacheBench.start,
    clock: String = "boot a",
    bytes: Int = Bounds.cacheBytes,
    segmentBytes: Int = Bounds.cacheSegmentBytes
  ) {
    self.medium = medium
    self.clock = clock
    let shared = Shared(State(now: now))
    journal = CacheJournal(
      medium,
      host: CacheJournalHost(
        later: { delay, action in
          shared.state.withLock { $0.timers.append(($0.now.monotonic + delay, action)) }
        },
        work: { action in shared.state.withLock { $0.work.append(action) } },
        now: { shared.state.withLock { $0.now } },
        clock: clock,
        tell: { notice in shared.state.withLock { $0.notices.append(notice) } }
      ),
      capacity: bytes,
      segmentBytes: segmentBytes
    )
    cache = EmbeddedReplyCache(bytes: bytes, shards: 2, journal: journal)
    self.shared = shared
  }

  var now: Moment { shared.state.withLock { $0.now } }
  var notices: [CacheNotice] { shared.state.withLock { $0.notices } }

  /// Sets the wall clock, as somebody might.
  func step(seconds: Int64) { shared.state.withLock { $0.now.wall += seconds * Self.second } }

  /// Lets time pass, with timers and work when they are due.
  func pass(seconds: Int64) {
    let due = shared.state.withLock { state in
      state.now = state.now.advanced(byNanoseconds: seconds * Self.second)
      let now = state.now.monotonic
      let due = state.timers.filter { $0.at <= now }
      state.timers.removeAll { $0.at <= now }
      return due
    }
    for timer in due { timer.run() }
    work()
  }

  func work() {
    while true {
      let next = shared.state.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
      guard let next else { return }
      next()
    }
  }

  /// Another process, on what this one left behind.
  func restarted(
    after seconds: Int64 = 0,
    monotonic: Int64? = nil,
    clock: String? = nil,
    on medium: (any JournalMedium)? = nil,
    bytes: Int = Bounds.cacheBytes
  ) -> CacheBench {
    var then = now.advanced(byNanoseconds: seconds * Self.second)
    if let monotonic { then.monotonic = monotonic }
    return CacheBench(
      medium ?? (self.medium as? MemoryJournal)?.afterKill() ?? self.medium,
      at: then,
      clock: clock ?? self.clock,
      bytes: bytes
    )
  }

  // MARK: Answers

  @discardableResult
  func store(
    _ name: String,
    product: String = "p",
    tags: [String] = [],
    ttl: Int64 = 3_600,
    stale: Int64 = 0,
    body: String? = nil,
    epoch: UInt64? = nil
  ) -> Bool {
    let reply = CachedReply(
      body: Array((body ?? "body of \(name)").utf8),
      product: product,
      tags: tags,
      model: "m",
      storedAt: now,
      ttlNanoseconds: ttl * Self.second,
      staleNanoseconds: stale * Self.second
    )
    return cache.store(
      reply,
      for: .of(name),
      epoch: epoch ?? cache.epoch(of: product),
      at: now
    )
  }

  func body(_ name: String) -> String? {
    cache.reply(for: .of(name), at: now).map { String(decoding: $0.body, as: UTF8.self) }
  }

  /// As the gateway does it: in memory first.
  func forget(_ selection: CacheSelection) throws(LedgerFailure) {
    _ = cache.invalidate(selection)
    try journal.forget(selection)
  }
}

extension Digest {
  static func of(_ name: String) -> Digest { Digest(of: Array(name.utf8)) }
}

/// A journal of which every state between two steps of a write is remembered, as if the process had
/// been killed there.
final class WatchedJournal: JournalMedium {
  private let base: MemoryJournal
  private let watch: @Sendable (MemoryJournal) -> Void

  init(_ base: MemoryJournal, watch: @escaping @Sendable (MemoryJournal) -> Void) {
    self.base = base
    self.watch = watch
  }

  private func seen() { watch(base.afterKill()) }

  func contents() throws(LedgerFailure) -> JournalContents { try base.contents() }
  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8] { try base.segment(number) }
  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8] {
    try base.checkpoint(number)
  }
  func prepare(_ segment: UInt64) throws(LedgerFailure) {
    try base.prepare(segment)
    seen()
  }
  func append(_ bytes: Span<UInt8>, to segment: UInt64) throws(LedgerFailure) -> Int {
    for index in bytes.indices {
      _ = try base.append(bytes.extracting(index..<index + 1), to: segment)
      seen()
    }
    return bytes.count
  }
  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure) {
    try base.cut(segment, to: count)
    seen()
  }
  func sync(_ segment: UInt64) throws(LedgerFailure) {
    try base.sync(segment)
    seen()
  }
  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure) {
    try base.store(checkpoint, as: number)
  }
  func remove(before number: UInt64) throws(LedgerFailure) {
    // One after the other, as files go.
    for segment in try base.contents().segments where segment < number {
      try base.remove(before: segment + 1)
      seen()
    }
  }
}
