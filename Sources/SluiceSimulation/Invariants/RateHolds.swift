internal import SluiceCore

/// A rate limit admits what it says: never more in any window, and refuses only who is too many.
package struct RateHolds: Invariant {
  package let claim: String
  private let limit: String
  private let count: @Sendable (Ask) -> Int
  private let window: Int64
  private let key: @Sendable (Ask) -> String

  /// Checks the node `limit NAME`.
  ///
  /// `count` fit in a `window` of nanoseconds, burst included, for all whose `key` is the same.
  package init(
    limit: String,
    window: Int64,
    count: @escaping @Sendable (Ask) -> Int,
    key: @escaping @Sendable (Ask) -> String
  ) {
    claim = "limit \(limit) admits what it says"
    self.limit = limit
    self.count = count
    self.window = window
    self.key = key
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.grouped { key($0.ask) }
      .flatMap { key, exchanges in
        let admitted = exchanges.filter { $0.passed("limit \(limit):admitted") }
          .map(\.began.moment.monotonic)
        return tooMany(admitted, count(exchanges[0].ask)).map { "\($0) for \(key)" }
          + exchanges.filter { $0.passed("limit \(limit):refused") }
          .compactMap {
            tooStrict($0, admitted).map { "\($0) for \(key)" }
          }
      }
  }

  private func tooMany(_ times: [Int64], _ count: Int) -> [String] {
    // A window that holds too many begins with one of them.
    times.indices.compactMap { first in
      let inside = times[first...].prefix { $0 - times[first] < window }.count
      return inside > count ? "\(inside) admitted, from \(times[first])" : nil
    }
  }

  /// A sliding window of 60 slots may err by one of them.
  private func tooStrict(_ refused: ExchangeRecord, _ admitted: [Int64]) -> String? {
    let end = refused.began.moment.monotonic
    let before = admitted.filter { $0 <= end && $0 > end - window - window / 60 }.count
    return before < count(refused.ask)
      ? "exchange \(refused.number) refused after only \(before)" : nil
  }
}
