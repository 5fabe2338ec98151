package import SluiceCore
internal import Synchronization

/// Counts of tokens by the digest of the body they were counted in, so that the same body again
/// does not count again.
///
/// Holds at least the last `capacity` counts that were asked for, and at most twice as many: when
/// the young half is full it becomes the old one, and what is asked for there is young again.
package final class RememberedCounts: Sendable {
  private struct Halves {
    var young: [Digest: Int] = [:]
    var old: [Digest: Int] = [:]
  }

  private let capacity: Int
  private let halves = Mutex(Halves())

  package init(capacity: Int = Bounds.rememberedCounts) {
    precondition(capacity > 0, "a table that remembers nothing is none")
    self.capacity = capacity
  }

  /// The count under `body`, else what `count` says, which is then remembered.
  ///
  /// `count` runs outside the lock; two that ask at once may both count, and get the same.
  package func count(of body: Digest, _ count: () -> Int) -> Int {
    if let known = known(body) { return known }
    let counted = count()
    remember(counted, for: body)
    return counted
  }

  /// The count under `body`; `nil` if it is not, or no longer, remembered.
  package func known(_ body: Digest) -> Int? {
    halves.withLock { halves in
      if let count = halves.young[body] { return count }
      guard let count = halves.old[body] else { return nil }
      add(count, for: body, to: &halves)
      return count
    }
  }

  package func remember(_ count: Int, for body: Digest) {
    halves.withLock { add(count, for: body, to: &$0) }
  }

  /// Counts that are held.
  package var held: Int {
    halves.withLock { halves in
      halves.young.count + halves.old.keys.count { halves.young[$0] == nil }
    }
  }

  private func add(_ count: Int, for body: Digest, to halves: inout Halves) {
    if halves.young.count >= capacity, halves.young[body] == nil {
      halves.old = halves.young
      halves.young = [:]
    }
    halves.young[body] = count
  }
}
