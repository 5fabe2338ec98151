internal import SluiceCore
internal import SluicePipeline

/// An attempt that nobody wants any more ends in the instant in which the last client left, and
/// no sooner.
///
/// Holds for worlds without drift, where an instant is one.
package struct LeavingCancels: Invariant {
  package let claim = "clients that leave stop their upstream, unless others follow"
  private let cache: CacheRules

  package init(cache: CacheRules) { self.cache = cache }

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { leader -> [String] in
      guard let left = leader.left else { return [] }
      let inFlight = run.attempts(of: leader.number)
        .filter { attempt in
          attempt.asked < left && attempt.ended.map { $0 > left } ?? true
        }
      return inFlight.compactMap { attempt in
        finding(about: attempt, of: leader, leftAt: left, in: run)
          .map {
            "attempt \(attempt.number) \($0), \(leader.line)"
          }
      }
    }
  }

  private func finding(
    about attempt: AttemptRecord,
    of leader: ExchangeRecord,
    leftAt left: Stamp,
    in run: Run
  ) -> String? {
    guard let ended = attempt.ended else { return "has no end" }
    let key = cache.key(leader)
    let followers = run.exchanges.filter { other in
      other.number != leader.number && key != nil && cache.key(other) == key
        && other.began < ended && other.walked.map { $0 > left } ?? true
    }
    let wanted = followers.compactMap(\.walked?.moment.monotonic)
      .reduce(left.moment.monotonic, max)
    if ended.moment.monotonic > wanted { return "went on for nobody" }

    guard attempt.ending == .failed(.clientLeft) else { return nil }
    // What ended it was the last departure before its end; whoever came after that came too late.
    let departure = followers.compactMap(\.left).filter { $0 < ended }.reduce(left, max)
    let isWanted = followers.contains { follower in
      follower.began < departure && follower.left.map { $0 > departure } ?? true
        && follower.walked.map { $0 > departure } ?? true
    }
    return isWanted ? "was taken from its followers" : nil
  }
}
