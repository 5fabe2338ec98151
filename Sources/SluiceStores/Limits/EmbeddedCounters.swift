package import SluiceCore
package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// The counts of limits in the memory of one process.
///
/// Keys are spread over shards, each behind its own lock, so that loops that count for different
/// users seldom meet. Of every limit a shard holds its share of `Bounds.limitKeys`; a new key that
/// finds the share full of keys that still count is refused rather than let through uncounted.
///
/// Idle keys leave when new ones come: each arrival looks at the few keys that may have been idle
/// for longest, whatever limit they belong to, so that the keys of a limit that a reload removed
/// leave too.
///
/// Safe from any thread. A count takes O(1), a new key O(log keys).
package final class EmbeddedCounters: Counters {
  private let shards: [Shard]
  private let keysPerShard: Int

  /// Makes empty counts; one limit counts `keys` of them at a time.
  package init(keys: Int = Bounds.limitKeys, shards: Int = 8) {
    keysPerShard = max(1, keys / shards)
    self.shards = (0..<shards).map { _ in Shard() }
  }

  package func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision {
    let name = CountName(limit: limit, key: key)
    return shard(of: name).windows
      .withLock { table in
        table.take(name, rate: rate, burst: burst, bound: keysPerShard, at: moment.monotonic)
      }
  }

  package func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?) {
    let name = CountName(limit: limit, key: key)
    return shard(of: name).windows
      .withLock { table in
        table.reserve(
          amount,
          name,
          rate: rate,
          burst: burst,
          bound: keysPerShard,
          at: moment.monotonic
        )
      }
  }

  package func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) {
    let name = CountName(limit: limit, key: key)
    shard(of: name).windows
      .withLock { table in
        table.settle(
          reservation,
          used: used,
          name,
          rate: rate,
          burst: burst,
          at: moment.monotonic
        )
      }
  }

  package func enter(limit: String, key: String, maximum: Int) -> Bool {
    let name = CountName(limit: limit, key: key)
    return shard(of: name).places
      .withLock { table in
        table.enter(name, maximum: maximum, bound: keysPerShard)
      }
  }

  package func leave(limit: String, key: String) {
    let name = CountName(limit: limit, key: key)
    shard(of: name).places.withLock { $0.leave(name) }
  }

  /// How many keys are kept, over all limits.
  package var keyCount: Int {
    shards.reduce(0) { sum, shard in
      sum + shard.windows.withLock { $0.count } + shard.places.withLock { $0.count }
    }
  }

  private func shard(of name: CountName) -> Shard {
    shards[Int(UInt(bitPattern: name.hash) % UInt(shards.count))]
  }
}

private final class Shard: Sendable {
  let windows = Mutex(WindowTable())
  let places = Mutex(PlaceTable())
}

/// What one count counts.
///
/// Hashed once, when it is made: for its shard, and for every table that it is looked up in.
struct CountName: Hashable, Sendable {
  let limit: String
  let key: String
  let hash: Int

  init(limit: String, key: String) {
    self.limit = limit
    self.key = key
    var hasher = Hasher()
    hasher.combine(limit)
    hasher.combine(key)
    hash = hasher.finalize()
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// Sliding windows by name, no more of a limit than its bound.
struct WindowTable: Sendable {
  /// How many keys that may be idle one new key looks at.
  private static let expiriesPerArrival = 64

  private var windows: [CountName: SlidingWindow] = [:]
  private var keysOfLimit: [String: Int] = [:]
  /// One entry a window: when to look whether it is idle.
  private var deadlines = DeadlineHeap()

  var count: Int { windows.count }

  mutating func take(
    _ name: CountName,
    rate: LimitSettings.Rate,
    burst: Int,
    bound: Int,
    at now: Int64
  ) -> RateDecision {
    if let place = windows.index(forKey: name) {
      return windows.values[place].take(rate, burst: burst, at: now)
    }

    if let full = makeRoom(for: name, rate: rate, burst: burst, bound: bound, at: now) {
      return full
    }
    var window = SlidingWindow(rate: rate)
    let decision = window.take(rate, burst: burst, at: now)
    add(window, as: name, at: now)
    return decision
  }

  mutating func reserve(
    _ amount: Int,
    _ name: CountName,
    rate: LimitSettings.Rate,
    burst: Int,
    bound: Int,
    at now: Int64
  ) -> (decision: RateDecision, reservation: Reservation?) {
    if let place = windows.index(forKey: name) {
      return windows.values[place].reserve(amount, rate, burst: burst, at: now)
    }

    if let full = makeRoom(for: name, rate: rate, burst: burst, bound: bound, at: now) {
      return (full, nil)
    }
    var window = SlidingWindow(rate: rate)
    let answer = window.reserve(amount, rate, burst: burst, at: now)
    add(window, as: name, at: now)
    return answer
  }

  mutating func settle(
    _ reservation: Reservation,
    used: Int,
    _ name: CountName,
    rate: LimitSettings.Rate,
    burst: Int,
    at now: Int64
  ) {
    guard let place = windows.index(forKey: name) else {
      preconditionFailure("a window that is awaited is kept")
    }
    windows.values[place].settle(reservation, used: used, rate, burst: burst, at: now)
  }

  /// Has idle keys leave; what is to be told if there is no room for another even so.
  private mutating func makeRoom(
    for name: CountName,
    rate: LimitSettings.Rate,
    burst: Int,
    bound: Int,
    at now: Int64
  ) -> RateDecision? {
    expire(at: now)
    guard keysOfLimit[name.limit, default: 0] >= bound else { return nil }
    let wait = max(1, (deadlines.first?.time ?? now) - now)
    return RateDecision(
      verdict: .tableFull(retryAfterNanoseconds: wait),
      quota: rate.count + burst,
      remaining: 0,
      resetNanoseconds: wait
    )
  }

  private mutating func add(_ window: SlidingWindow, as name: CountName, at now: Int64) {
    windows[name] = window
    keysOfLimit[name.limit, default: 0] += 1
    deadlines.insert(name, at: window.nextLook(after: now))
  }

  private mutating func expire(at now: Int64) {
    for _ in 0..<Self.expiriesPerArrival {
      guard let first = deadlines.first, first.time <= now else { return }
      let next = windows[first.name]?.nextLook(after: now) ?? now
      if next > now {
        deadlines.replaceFirst(at: next)
        continue
      }
      deadlines.removeFirst()
      windows[first.name] = nil
      let left = keysOfLimit[first.name.limit, default: 1] - 1
      keysOfLimit[first.name.limit] = left > 0 ? left : nil
    }
  }
}

extension SlidingWindow {
  /// When it may be idle; a time that is not after `now` if it is.
  ///
  /// What is awaited is kept, however long ago it was counted, so that it can be settled.
  fileprivate func nextLook(after now: Int64) -> Int64 {
    isAwaited ? max(idleAt, now + length) : idleAt
  }
}

/// Places in flight by name.
struct PlaceTable: Sendable {
  private var taken: [CountName: Int] = [:]
  private var keysOfLimit: [String: Int] = [:]

  var count: Int { taken.count }

  mutating func enter(_ name: CountName, maximum: Int, bound: Int) -> Bool {
    if let place = taken.index(forKey: name) {
      guard taken.values[place] < maximum else { return false }
      taken.values[place] += 1
      return true
    }
    guard maximum > 0, keysOfLimit[name.limit, default: 0] < bound else { return false }
    keysOfLimit[name.limit, default: 0] += 1
    taken[name] = 1
    return true
  }

  mutating func leave(_ name: CountName) {
    guard let place = taken.index(forKey: name) else {
      preconditionFailure("nobody left by the way they came")
    }
    guard taken.values[place] == 1 else {
      taken.values[place] -= 1
      return
    }
    taken.remove(at: place)
    let left = keysOfLimit[name.limit, default: 1] - 1
    keysOfLimit[name.limit] = left > 0 ? left : nil
  }
}
