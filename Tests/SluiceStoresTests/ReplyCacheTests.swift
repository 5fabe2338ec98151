import SluiceCore
import SluicePipeline
import SluiceStores
import SluiceTestSupport
import Synchronization
import Testing

@Suite("Embedded reply cache")
struct ReplyCacheTests {
  private let second: Int64 = 1_000_000_000

  @Test("returns an answer until its time has passed")
  func expires() {
    let cache = EmbeddedReplyCache()
    #expect(store(cache, "k", ttl: 10))
    #expect(cache.reply(for: key("k"), at: at(9))?.body == Array("body of k".utf8))
    #expect(cache.reply(for: key("other"), at: at(9)) == nil)
    #expect(cache.reply(for: key("k"), at: at(10)) == nil)
    #expect(cache.usage == EmbeddedReplyCache.Usage())
  }

  @Test("gives a stale answer only when asked for one, and until its time for that has passed")
  func stale() {
    var table = ReplyTable(capacity: 10_000)
    var old = reply("k", ttl: 10)
    old.staleNanoseconds = 5 * second
    let isKept = table.store(old, for: key("k"))
    #expect(isKept)
    #expect(table.staleReply(for: key("k"), at: at(9)) != nil)
    // Looking for a fresh one does not drop it.
    let fresh = table.reply(for: key("k"), at: at(10))
    #expect(fresh == nil)
    #expect(table.staleReply(for: key("k"), at: at(14))?.body == old.body)
    #expect(table.staleReply(for: key("k"), at: at(15)) == nil)
    #expect(table.count == 1)
    let freshLater = table.reply(for: key("k"), at: at(15))
    #expect(freshLater == nil)
    #expect(table.count == 0)
  }

  @Test("gives no stale answer that was invalidated, nor one that may not be stale")
  func staleAndGone() {
    var table = ReplyTable(capacity: 10_000)
    var old = reply("k", ttl: 10)
    let isKept = table.store(old, for: key("k"))
    #expect(isKept)
    #expect(table.staleReply(for: key("k"), at: at(10)) == nil)
    old.staleNanoseconds = .max
    let isKeptAgain = table.store(old, for: key("k"))
    #expect(isKeptAgain)
    #expect(table.staleReply(for: key("k"), at: at(1_000_000)) != nil)
    let forgotten = table.remove(.product("p"))
    #expect(forgotten == 1)
    #expect(table.staleReply(for: key("k"), at: at(10)) == nil)
  }

  @Test("forgets what an invalidation names and nothing else")
  func invalidates() {
    let cache = EmbeddedReplyCache()
    #expect(store(cache, "a", product: "p", tags: ["t", "u"]))
    #expect(store(cache, "b", product: "p"))
    #expect(store(cache, "c", product: "q", tags: ["t"]))
    #expect(store(cache, "d", product: "q"))
    #expect(cache.invalidate(.tag("t")) == 2)
    #expect(kept(cache, "a", "b", "c", "d") == ["b", "d"])
    #expect(cache.invalidate(.product("p")) == 1)
    #expect(cache.invalidate(.key(key("d"))) == 1)
    #expect(cache.invalidate(.tag("u")) == 0)
    #expect(store(cache, "e"))
    #expect(cache.invalidate(.everything) == 1)
    #expect(cache.usage.bytes == 0)
  }

  @Test(
    "does not keep an answer that was asked for before an invalidation",
    arguments: [
      (.everything, false), (.product("p"), false), (.tag("t"), false), (.product("q"), true),
      (.tag("u"), true),
    ] as [(CacheSelection, Bool)]
  )
  func epochs(selection: CacheSelection, isKept: Bool) {
    let cache = EmbeddedReplyCache()
    let epoch = cache.epoch(of: "p")
    _ = cache.invalidate(selection)
    #expect(store(cache, "k", product: "p", tags: ["t"], epoch: epoch) == isKept)
    #expect(store(cache, "k", product: "p", tags: ["t"], epoch: cache.epoch(of: "p")))
  }

  @Test("an invalidated key takes nothing from other keys in flight")
  func keyEpoch() {
    let cache = EmbeddedReplyCache()
    let epoch = cache.epoch(of: "p")
    _ = cache.invalidate(.key(key("k")))
    #expect(!store(cache, "k", epoch: epoch))
    #expect(store(cache, "other", epoch: epoch))
  }

  @Test("no look-up returns an old answer once its invalidation has returned, however busy it is")
  func invalidationUnderLoad() async {
    let cache = EmbeddedReplyCache()
    let key = key("k")
    let progress = Progress()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        group.addTask {
          while !progress.isDone.load(ordering: .relaxed) {
            let epoch = cache.epoch(of: "p")
            var reply = self.reply("x")
            reply.model = String(progress.version.load(ordering: .sequentiallyConsistent))
            reply.tags = ["t"]
            reply.staleNanoseconds = 10 * second
            _ = cache.store(reply, for: key, epoch: epoch, at: self.at(0))
            await Task.yield()
          }
        }
        group.addTask {
          while !progress.isDone.load(ordering: .relaxed) {
            let least = progress.acknowledged.load(ordering: .sequentiallyConsistent)
            let found = [
              cache.reply(for: key, at: self.at(0)), cache.staleReply(for: key, at: self.at(101)),
            ]
            for reply in found.compactMap(\.self) { #expect(Int(reply.model) ?? -1 >= least) }
            await Task.yield()
          }
        }
      }
      group.addTask {
        for round in 1...2_000 {
          progress.version.store(round, ordering: .sequentiallyConsistent)
          let selections: [CacheSelection] = [.product("p"), .tag("t"), .key(key), .everything]
          _ = cache.invalidate(selections[round % selections.count])
          progress.acknowledged.store(round, ordering: .sequentiallyConsistent)
          let found = cache.reply(for: key, at: self.at(0)).flatMap { Int($0.model) }
          #expect(found ?? round >= round)
          if round.isMultiple(of: 16) { await Task.yield() }
        }
        progress.isDone.store(true, ordering: .relaxed)
      }
    }
  }

  @Test("when too many names were invalidated, answers in flight are not kept")
  func boundedNames() {
    var invalidations = Invalidations(names: 3)
    let start = invalidations.epoch
    for name in ["a", "b", "c", "a", "b"] { invalidations.invalidate(.tag(name)) }
    #expect(invalidations.admit(reply("x"), for: key("x"), askedAt: start))
    invalidations.invalidate(.tag("d"))
    #expect(!invalidations.admit(reply("x"), for: key("x"), askedAt: start))
    #expect(invalidations.admit(reply("x"), for: key("x"), askedAt: invalidations.epoch))
  }

  @Test("makes room by dropping what was used longest ago")
  func leastRecentlyUsed() {
    let room = 3 * (ReplyTable.overheadBytes + 9 + 1 + 1)
    let cache = EmbeddedReplyCache(bytes: room, shards: 1)
    for name in ["a", "b", "c"] { #expect(store(cache, name)) }
    _ = cache.reply(for: key("a"), at: at(0))
    #expect(store(cache, "d"))
    #expect(kept(cache, "a", "b", "c", "d") == ["a", "c", "d"])
    #expect(cache.usage == .init(entries: 3, bytes: room, evictions: 1))
    #expect(store(cache, "c"))
    #expect(cache.usage == .init(entries: 3, bytes: room, evictions: 1))
  }

  @Test("keeps nothing that is larger than its bound or that lives no time")
  func refusesTooLarge() {
    let cache = EmbeddedReplyCache(bytes: 1_000, shards: 1)
    #expect(store(cache, "small"))
    var large = reply("large")
    large.body = Array(repeating: 0, count: 1_001)
    #expect(!cache.store(large, for: key("large"), epoch: 0, at: at(0)))
    #expect(kept(cache, "small") == ["small"])
    #expect(!store(cache, "k", ttl: 0))
    large.body = Array(repeating: 0, count: Bounds.cachedReplyBytes + 1)
    #expect(!EmbeddedReplyCache().store(large, for: key("large"), epoch: 0, at: at(0)))
  }

  @Test("agrees with a plain list over random operations", arguments: 0..<20)
  func model(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let size = ReplyTable.overheadBytes + 9 + 1 + 1
    var table = ReplyTable(capacity: size * 8)
    var model: [(name: String, product: String)] = []  // the most recently used last
    for _ in 0..<3_000 {
      let name = String(UnicodeScalar(UInt8(97 + random.below(16))))
      switch random.below(10) {
      case 0..<4:
        let product = random.below(2) == 0 ? "p" : "q"
        let isKept = table.store(reply(name, product: product), for: key(name))
        #expect(isKept)
        model.removeAll { $0.name == name }
        model.append((name, product))
        if model.count > 8 { model.removeFirst() }
      case 4..<9:
        let found = table.reply(for: key(name), at: at(0))
        let index = model.firstIndex { $0.name == name }
        #expect((found != nil) == (index != nil))
        if let index { model.append(model.remove(at: index)) }
      default:
        let product = random.below(8) == 0 ? "p" : "none"
        let expected = model.count { $0.product == product }
        let forgotten = table.remove(.product(product))
        #expect(forgotten == expected)
        model.removeAll { $0.product == product }
      }
      #expect(table.count == model.count)
      #expect(table.bytes == model.count * size)
    }
  }

  private func key(_ name: String) -> Digest { Digest(of: Array(name.utf8)) }
  private func at(_ seconds: Int64) -> Moment { Moment(monotonic: seconds * second, wall: 0) }

  private func reply(
    _ name: String,
    product: String = "p",
    tags: [String] = [],
    ttl: Int64 = 100
  ) -> CachedReply {
    CachedReply(
      body: Array("body of \(name)".utf8),
      product: product,
      tags: tags,
      model: "m",
      storedAt: at(0),
      ttlNanoseconds: ttl * second
    )
  }

  private func store(
    _ cache: EmbeddedReplyCache,
    _ name: String,
    product: String = "p",
    tags: [String] = [],
    ttl: Int64 = 100,
    epoch: UInt64? = nil
  ) -> Bool {
    cache.store(
      reply(name, product: product, tags: tags, ttl: ttl),
      for: key(name),
      epoch: epoch ?? cache.epoch(of: product),
      at: at(0)
    )
  }

  private func kept(_ cache: EmbeddedReplyCache, _ names: String...) -> [String] {
    names.filter { cache.reply(for: key($0), at: at(0)) != nil }
  }
}

private final class Progress: Sendable {
  let version = Atomic<Int>(0)
  let acknowledged = Atomic<Int>(0)
  let isDone = Atomic<Bool>(false)
}
