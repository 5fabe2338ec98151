package import SluiceCore
package import SluicePipeline

/// Answers by key, the least recently used first to go when their bytes exceed a bound.
///
/// A value; the shell around it owns the lock. Entries lie in one array and are chained by their
/// places in it, in the order of their last use.
package struct ReplyTable: Sendable {
  private struct Entry: Sendable {
    var key: Digest
    var reply: CachedReply
    var bytes: Int
    /// Towards the most recently used; -1 for none.
    var newer: Int
    /// Towards the least recently used; -1 for none.
    var older: Int
  }

  private enum Group: Hashable, Sendable {
    case product(String)
    case tag(String)
  }

  /// What the table keeps of an answer besides its body, estimated: entry, two hash tables, heap
  /// headers.
  package static let overheadBytes = 320

  private let capacity: Int
  private var entries: [Entry?] = []
  private var free: [Int] = []
  private var places: [Digest: Int] = [:]
  private var groups: [Group: Set<Int>] = [:]
  private var newest = -1
  private var oldest = -1
  package private(set) var bytes = 0
  package private(set) var evictions: Int64 = 0

  /// Makes an empty table of `capacity` bytes, book-keeping included.
  package init(capacity: Int) { self.capacity = capacity }

  package var count: Int { places.count }

  /// The answer under `key`, which becomes the most recently used.
  ///
  /// One whose time has passed is not returned, and dropped unless it may yet be served stale.
  package mutating func reply(for key: Digest, at moment: Moment) -> CachedReply? {
    guard let place = places[key], let entry = entries[place] else { return nil }
    guard Self.isFresh(entry.reply, at: moment) else {
      if !Self.isUsable(entry.reply, at: moment) { remove(place) }
      return nil
    }
    if newest != place {
      unchain(place)
      chain(place)
    }
    return entry.reply
  }

  /// The answer under `key`, fresh or within its time to be served stale.
  package func staleReply(for key: Digest, at moment: Moment) -> CachedReply? {
    guard let place = places[key], let entry = entries[place],
      Self.isUsable(entry.reply, at: moment)
    else { return nil }
    return entry.reply
  }

  /// What may yet be served, fresh or stale, the one used longest ago first.
  package func replies(at moment: Moment) -> [(key: Digest, reply: CachedReply)] {
    var replies: [(key: Digest, reply: CachedReply)] = []
    var place = oldest
    while place >= 0, let entry = entries[place] {
      if Self.isUsable(entry.reply, at: moment) { replies.append((entry.key, entry.reply)) }
      place = entry.newer
    }
    return replies
  }

  /// Keeps an answer in place of what was under `key`, unless it is larger than the table.
  package mutating func store(_ reply: CachedReply, for key: Digest) -> Bool {
    let size = Self.size(of: reply)
    guard size <= capacity else { return false }
    if let old = places[key] { remove(old) }
    while bytes + size > capacity, oldest >= 0 {
      remove(oldest)
      evictions += 1
    }
    let entry = Entry(key: key, reply: reply, bytes: size, newer: -1, older: -1)
    let place: Int
    if let reused = free.popLast() {
      entries[reused] = entry
      place = reused
    } else {
      entries.append(entry)
      place = entries.count - 1
    }
    places[key] = place
    bytes += size
    groups[.product(reply.product), default: []].insert(place)
    for tag in reply.tags { groups[.tag(tag), default: []].insert(place) }
    chain(place)
    return true
  }

  /// Forgets what `selection` names.
  ///
  /// Complexity: linear in what is forgotten.
  /// - Returns: how many were forgotten.
  package mutating func remove(_ selection: CacheSelection) -> Int {
    let doomed: [Int]
    switch selection {
    case .everything: doomed = Array(places.values)
    case .product(let name): doomed = Array(groups[.product(name)] ?? [])
    case .tag(let name): doomed = Array(groups[.tag(name)] ?? [])
    case .key(let key): doomed = places[key].map { [$0] } ?? []
    }
    for place in doomed { remove(place) }
    return doomed.count
  }

  private mutating func remove(_ place: Int) {
    unchain(place)
    guard let entry = entries[place] else { return }
    entries[place] = nil
    free.append(place)
    places[entry.key] = nil
    bytes -= entry.bytes
    leave(.product(entry.reply.product), place)
    for tag in entry.reply.tags { leave(.tag(tag), place) }
  }

  private mutating func leave(_ group: Group, _ place: Int) {
    groups[group]?.remove(place)
    if groups[group]?.isEmpty == true { groups[group] = nil }
  }

  /// Makes an entry that is in no chain the newest.
  private mutating func chain(_ place: Int) {
    entries[place]?.older = newest
    entries[place]?.newer = -1
    if newest >= 0 { entries[newest]?.newer = place } else { oldest = place }
    newest = place
  }

  private mutating func unchain(_ place: Int) {
    guard let entry = entries[place] else { return }
    if entry.newer >= 0 { entries[entry.newer]?.older = entry.older } else { newest = entry.older }
    if entry.older >= 0 { entries[entry.older]?.newer = entry.newer } else { oldest = entry.newer }
  }

  private static func isFresh(_ reply: CachedReply, at moment: Moment) -> Bool {
    moment.monotonic - reply.storedAt.monotonic < reply.ttlNanoseconds
  }

  /// Whether it is fresh or may be served stale.
  private static func isUsable(_ reply: CachedReply, at moment: Moment) -> Bool {
    let (end, overflowed) = reply.ttlNanoseconds.addingReportingOverflow(reply.staleNanoseconds)
    return overflowed || moment.monotonic - reply.storedAt.monotonic < end
  }

  private static func size(of reply: CachedReply) -> Int {
    reply.tags.reduce(
      overheadBytes + reply.body.count + reply.product.utf8.count + reply.model.utf8.count
    ) { $0 + $1.utf8.count + 64 }
  }
}
