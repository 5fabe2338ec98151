package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// Whole answers in the memory of one process.
///
/// Keys are digests, so they spread evenly over shards, each with its lock and its share of the
/// bytes. An invalidation first notes its epoch and then empties the shards; an answer is checked
/// against the epochs under its shard's lock. So an answer that was asked for before an
/// invalidation is either not stored, or stored early enough to be emptied: when `invalidate`
/// returns, no look-up can return it.
///
/// Safe from any thread. A look-up is O(1) and copies no body.
package final class EmbeddedReplyCache: ReplyCache {
  private let shards: [Shard]
  private let invalidations = Mutex(Invalidations())
  private let journal: CacheJournal?

  /// Makes a cache whose answers may take `bytes`, book-keeping included.
  ///
  /// With a journal it begins with the answers that the journal holds, and has every answer
  /// written down. The journal is told under the lock of the answer's shard, so that whoever has
  /// emptied the shards knows that it was told of all that lay in them.
  package init(
    bytes: Int = Bounds.cacheBytes,
    shards: Int = 8,
    journal: CacheJournal? = nil
  ) {
    self.journal = journal
    self.shards = (0..<shards).map { _ in Shard(capacity: bytes / shards) }
    guard let journal else { return }
    for (key, reply) in journal.takeReplies() {
      _ = shard(of: key).table.withLock { $0.store(reply, for: key) }
    }
    journal.attach(self)
  }

  /// What of one shard may yet be served, the one used longest ago first; `nil`: no such shard.
  func replies(ofShard index: Int, at moment: Moment) -> [(key: Digest, reply: CachedReply)]? {
    shards.indices.contains(index) ? shards[index].table.withLock { $0.replies(at: moment) } : nil
  }

  package func reply(for key: Digest, at moment: Moment) -> CachedReply? {
    shard(of: key).table.withLock { $0.reply(for: key, at: moment) }
  }

  package func staleReply(for key: Digest, at moment: Moment) -> CachedReply? {
    shard(of: key).table.withLock { $0.staleReply(for: key, at: moment) }
  }

  package func epoch(of product: String) -> UInt64 {
    invalidations.withLock { $0.epoch }
  }

  package func store(
    _ reply: CachedReply,
    for key: Digest,
    epoch: UInt64,
    at moment: Moment
  ) -> Bool {
    guard reply.body.count <= Bounds.cachedReplyBytes, reply.ttlNanoseconds > 0 else {
      return false
    }
    return shard(of: key).table
      .withLock { table in
        guard invalidations.withLock({ $0.admit(reply, for: key, askedAt: epoch) }) else {
          return false
        }
        let isStored = table.store(reply, for: key)
        if isStored { journal?.keep(reply, for: key) }
        return isStored
      }
  }

  package func invalidate(_ selection: CacheSelection) -> Int {
    invalidations.withLock { $0.invalidate(selection) }
    return shards.reduce(0) { $0 + $1.table.withLock { $0.remove(selection) } }
  }

  /// What the cache holds, for its gauges.
  package struct Usage: Sendable, Equatable {
    package var entries = 0
    package var bytes = 0
    /// Answers dropped before their time to make room, since the start.
    package var evictions: Int64 = 0

    package init(entries: Int = 0, bytes: Int = 0, evictions: Int64 = 0) {
      self.entries = entries
      self.bytes = bytes
      self.evictions = evictions
    }
  }

  package var usage: Usage {
    shards.reduce(into: Usage()) { usage, shard in
      shard.table.withLock { table in
        usage.entries += table.count
        usage.bytes += table.bytes
        usage.evictions += table.evictions
      }
    }
  }

  private func shard(of key: Digest) -> Shard {
    shards[Int(key.leadingBits % UInt64(shards.count))]
  }

  private final class Shard: Sendable {
    let table: Mutex<ReplyTable>
    init(capacity: Int) { table = Mutex(ReplyTable(capacity: capacity)) }
  }
}
