package import SluiceCore
package import SluicePipeline

/// What was invalidated, and when, so that no answer that was asked for before is stored after.
///
/// Time is a sequence number that grows with every invalidation: an epoch. An attempt remembers
/// the epoch at its start; when its answer comes, anything that named it since rules it out.
///
/// Bounded: beyond `names` distinct products, tags and keys the list is replaced by "everything,
/// now", which only costs the answers that are in flight.
package struct Invalidations: Sendable {
  private enum Name: Hashable, Sendable {
    case product(String)
    case tag(String)
    case key(Digest)
  }

  /// The number of the last invalidation.
  package private(set) var epoch: UInt64 = 0
  private var everything: UInt64 = 0
  private var last: [Name: UInt64] = [:]
  private let names: Int

  package init(names: Int = Bounds.invalidatedNames) { self.names = names }

  package mutating func invalidate(_ selection: CacheSelection) {
    epoch += 1
    switch selection {
    case .everything: forgetNames()
    case .product(let name): note(.product(name))
    case .tag(let name): note(.tag(name))
    case .key(let digest): note(.key(digest))
    }
  }

  /// Whether an answer that was asked for at `start` may be stored.
  package func admit(_ reply: CachedReply, for key: Digest, askedAt start: UInt64) -> Bool {
    guard everything <= start, !last.isEmpty else { return everything <= start }
    return isUntouched(.product(reply.product), since: start)
      && isUntouched(.key(key), since: start)
      && reply.tags.allSatisfy { isUntouched(.tag($0), since: start) }
  }

  private func isUntouched(_ name: Name, since start: UInt64) -> Bool {
    last[name, default: 0] <= start
  }

  private mutating func note(_ name: Name) {
    if last.count >= names, last[name] == nil { forgetNames() } else { last[name] = epoch }
  }

  private mutating func forgetNames() {
    everything = epoch
    last = [:]
  }
}
