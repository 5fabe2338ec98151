internal import SluiceCore

/// While a key is in flight, nobody else asks an upstream for it.
package struct SingleFlight: Invariant {
  package let claim = "one flight for each exact key"
  private let key: @Sendable (Ask) -> String?
  private let ttl: Int64?

  /// Checks runs with a cache.
  ///
  /// - Parameters:
  ///   - key: names all that may share an answer; `nil` for an ask that the cache does not take.
  ///   - ttl: nanoseconds for which an answer is kept, to check that what was kept is used too.
  package init(key: @escaping @Sendable (Ask) -> String?, ttl: Int64? = nil) {
    self.key = key
    self.ttl = ttl
  }

  package func violations(in run: Run) -> [String] {
    let groups = run.attempts.grouped { attempt in
      attempt.exchange.flatMap { key(run.exchanges[$0].ask) }
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
    guard later.exchange != earlier.exchange else { return nil }
    guard let ended = earlier.ended, ended < later.asked else {
      return "attempt \(later.number) while \(earlier.number) is in flight"
    }
    // What was stored before the later exchange looked must have been found.
    guard
      let ttl, earlier.isStorable,
      let leader = earlier.exchange.map({ run.exchanges[$0] }), leader.left == nil,
      let stored = leader.walked, let asker = later.exchange.map({ run.exchanges[$0] }),
      stored < asker.began, asker.began.moment.monotonic < ended.moment.monotonic + ttl,
      !run.invalidations.contains(where: {
        earlier.asked < $0.acknowledged && $0.acknowledged < later.asked
      })
    else { return nil }
    return "attempt \(later.number) though \(earlier.number) was answered and kept"
  }
}
