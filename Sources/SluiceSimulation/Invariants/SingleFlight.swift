internal import SluiceCore

/// While a key is in flight, nobody else asks an upstream for it; and what was kept is used.
package struct SingleFlight: Invariant {
  package let claim = "one flight for each exact key"
  private let cache: CacheRules

  package init(cache: CacheRules) { self.cache = cache }

  package func violations(in run: Run) -> [String] {
    let groups = run.attempts.grouped { attempt in
      attempt.origin.flatMap { cache.key(run.exchanges[$0]) }
    }
    return groups.flatMap { key, attempts in
      attempts.indices.flatMap { place in
        attempts[..<place]
          .compactMap { earlier in
            finding(about: attempts[place], after: earlier, in: run).map { "\($0) for \(key)" }
          }
      }
    }
  }

  private func finding(
    about later: AttemptRecord,
    after earlier: AttemptRecord,
    in run: Run
  ) -> String? {
    // The tries of one walk; what an exchange has done in the background is a walk of its own.
    guard later.origin != earlier.origin else { return nil }
    guard let ended = earlier.ended, ended < later.asked else {
      return "attempt \(later.number) while \(earlier.number) is in flight"
    }
    // What was stored before the later exchange began must have been found.
    guard
      let leader = earlier.origin.map({ run.exchanges[$0] }),
      earlier.isStorable, cache.keeps(earlier, leader),
      leader.left == nil || earlier.refreshed != nil,
      let asker = later.origin.map({ run.exchanges[$0] }),
      let stored = run.kept(earlier), stored < asker.began,
      asker.began.moment.monotonic < ended.moment.monotonic + cache.least(leader.ask),
      !run.invalidations.contains(where: {
        // What came before the leader's epoch is not seen from outside: err towards silence.
        leader.began < $0.acknowledged && $0.acknowledged < later.asked
      })
    else { return nil }
    return "attempt \(later.number) though \(earlier.number) was answered and kept"
  }
}
