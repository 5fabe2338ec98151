internal import SluiceCore
internal import SluicePipeline

/// A client that leaves cancels its attempt in that instant, unless others follow.
///
/// Holds for worlds without drift, where an instant is one.
package struct LeavingCancels: Invariant {
  package let claim = "a client that leaves stops its upstream, unless others follow"
  private let cache: CacheRules

  package init(cache: CacheRules) { self.cache = cache }

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange -> [String] in
      guard let left = exchange.left else { return [] }
      let inFlight = run.attempts(of: exchange.number)
        .filter { attempt in
          attempt.asked < left && attempt.ended.map { $0 > left } ?? true
        }
      let followers = hasFollowers(exchange, when: left, in: run)
      return inFlight.compactMap { attempt in
        let stopped = attempt.ended?.moment.monotonic == left.moment.monotonic
        if !stopped, !followers { return "attempt \(attempt.number) went on for \(exchange.line)" }
        if attempt.ending == .failed(.clientLeft), followers {
          return "attempt \(attempt.number) was taken from its followers, in \(exchange.line)"
        }
        return nil
      }
    }
  }

  private func hasFollowers(_ leader: ExchangeRecord, when left: Stamp, in run: Run) -> Bool {
    guard let key = cache.key(leader) else { return false }
    return run.exchanges.contains { other in
      other.number != leader.number && cache.key(other) == key && other.began < left
        && other.walked.map { $0 > left } ?? true
    }
  }
}
