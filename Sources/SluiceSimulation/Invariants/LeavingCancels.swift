internal import SluiceCore
internal import SluicePipeline

/// A client that leaves cancels its attempt in that instant, unless others follow.
///
/// Holds for worlds without drift, where an instant is one.
package struct LeavingCancels: Invariant {
  package let claim = "a client that leaves stops its upstream, unless others follow"
  private let key: @Sendable (Ask) -> String?

  /// - Parameter key: names all that may share an answer; `nil` for an ask that stands alone.
  package init(key: @escaping @Sendable (Ask) -> String?) { self.key = key }

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
    guard let flight = key(leader.ask) else { return false }
    return run.exchanges.contains { other in
      other.number != leader.number && key(other.ask) == flight && other.began < left
        && other.ended.map { $0 > left } ?? true
    }
  }
}
