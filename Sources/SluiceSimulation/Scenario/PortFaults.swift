package import SluiceCore
package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// Lets one call of a port fail: the n-th of a run, whichever that is.
///
/// For n = 1, 2, 3 … until a run has no failure, as SQLite's tests do it: every place that can
/// fail has failed once. What counts as a call: a look-up of a key, a count, a cache look-up or
/// store, an attempt, a read of its body, a write to the client.
package final class PortFaults: Sendable {
  private struct State {
    var calls = 0
    var struck: String?
    var isOver = false
  }
  private let failing: Int
  private let state = Mutex(State())

  /// Fails call `failing`, from 1.
  package init(failing: Int) { self.failing = failing }

  /// What failed; `nil` if the run had fewer calls.
  package var struck: String? { state.withLock { $0.struck } }

  /// Lets every later call succeed.
  package func stop() { state.withLock { $0.isOver = true } }

  /// Counts a call; whether it must fail.
  func strikes(_ call: @autoclosure () -> String) -> Bool {
    state.withLock { state in
      guard !state.isOver else { return false }
      state.calls += 1
      guard state.calls == failing else { return false }
      state.struck = call()
      return true
    }
  }
}

/// A key directory that may forget a key for one look-up.
package struct FaultyKeys: KeyDirectory {
  private let base: any KeyDirectory
  private let faults: PortFaults

  package init(_ base: any KeyDirectory, _ faults: PortFaults) {
    self.base = base
    self.faults = faults
  }

  package func record(of digest: Digest) -> KeyRecord? {
    faults.strikes("key") ? nil : base.record(of: digest)
  }
}

/// Counters that may refuse once for no reason.
package struct FaultyCounters: Counters {
  private let base: any Counters
  private let faults: PortFaults

  package init(_ base: any Counters, _ faults: PortFaults) {
    self.base = base
    self.faults = faults
  }

  package func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision {
    guard faults.strikes("take \(limit)") else {
      return base.take(limit: limit, key: key, rate: rate, burst: burst, at: moment)
    }
    return Self.refusal(rate, burst)
  }

  package func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?) {
    guard faults.strikes("reserve \(limit)") else {
      return base.reserve(
        amount,
        limit: limit,
        key: key,
        rate: rate,
        burst: burst,
        at: moment
      )
    }
    return (Self.refusal(rate, burst), nil)
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
    base.settle(
      reservation,
      used: used,
      limit: limit,
      key: key,
      rate: rate,
      burst: burst,
      at: moment
    )
  }

  private static func refusal(_ rate: LimitSettings.Rate, _ burst: Int) -> RateDecision {
    RateDecision(
      verdict: .tableFull(retryAfterNanoseconds: 1_000_000_000),
      quota: rate.count + burst,
      remaining: 0,
      resetNanoseconds: 1_000_000_000
    )
  }

  package func enter(limit: String, key: String, maximum: Int) -> Bool {
    !faults.strikes("enter \(limit)") && base.enter(limit: limit, key: key, maximum: maximum)
  }

  package func leave(limit: String, key: String) { base.leave(limit: limit, key: key) }
}

/// A cache that may find nothing, or keep nothing, once.
package struct FaultyCache: ReplyCache {
  private let base: any ReplyCache
  private let faults: PortFaults

  package init(_ base: any ReplyCache, _ faults: PortFaults) {
    self.base = base
    self.faults = faults
  }

  package func reply(for key: Digest, at moment: Moment) -> CachedReply? {
    faults.strikes("look up") ? nil : base.reply(for: key, at: moment)
  }

  package func staleReply(for key: Digest, at moment: Moment) -> CachedReply? {
    faults.strikes("look up stale") ? nil : base.staleReply(for: key, at: moment)
  }

  package func epoch(of product: String) -> UInt64 { base.epoch(of: product) }

  package func store(
    _ reply: CachedReply,
    for key: Digest,
    epoch: UInt64,
    at moment: Moment
  ) -> Bool {
    !faults.strikes("store") && base.store(reply, for: key, epoch: epoch, at: moment)
  }

  package func invalidate(_ selection: CacheSelection) -> Int { base.invalidate(selection) }
}
