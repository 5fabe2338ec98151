internal import SluiceCore

/// A rate limit admits no more than its count, and its burst, in any window of its length.
package struct RateHolds: Invariant {
  package let claim: String
  private let count: Int
  private let window: Int64
  private let key: @Sendable (Ask) -> String?
  private let isAdmitted: @Sendable (ExchangeRecord) -> Bool

  /// Checks the limit called `limit`.
  ///
  /// `count` fit in a `window` of nanoseconds, burst included, for whoever is counted under one
  /// `key`; `nil` is an ask that the limit does not concern.
  package init(
    limit: String,
    count: Int,
    window: Int64,
    key: @escaping @Sendable (Ask) -> String?,
    isAdmitted: @escaping @Sendable (ExchangeRecord) -> Bool
  ) {
    claim = "limit \(limit) admits at most \(count) in any \(window / 1_000_000) ms"
    self.count = count
    self.window = window
    self.key = key
    self.isAdmitted = isAdmitted
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.filter(isAdmitted).grouped { key($0.ask) }
      .flatMap { key, exchanges in
        let times = exchanges.map(\.began.moment.monotonic)
        // A window that holds too many begins with one of them.
        return times.indices.compactMap { first -> String? in
          let inside = times[first...].prefix { $0 - times[first] < window }.count
          return inside > count ? "\(inside) for \(key) from \(times[first])" : nil
        }
      }
  }
}

/// A limit of exchanges in flight never holds more than its maximum.
package struct ConcurrencyHolds: Invariant {
  package let claim: String
  private let maximum: Int
  private let key: @Sendable (Ask) -> String?
  private let isAdmitted: @Sendable (ExchangeRecord) -> Bool

  package init(
    limit: String,
    maximum: Int,
    key: @escaping @Sendable (Ask) -> String?,
    isAdmitted: @escaping @Sendable (ExchangeRecord) -> Bool
  ) {
    claim = "limit \(limit) holds at most \(maximum) in flight"
    self.maximum = maximum
    self.key = key
    self.isAdmitted = isAdmitted
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.filter(isAdmitted).grouped { key($0.ask) }
      .flatMap { key, exchanges in
        exchanges.compactMap { exchange -> String? in
          let inFlight = exchanges.filter { other in
            other.began <= exchange.began && other.walked.map { $0 > exchange.began } ?? true
          }
          return inFlight.count > maximum
            ? "\(inFlight.count) for \(key) when \(exchange.number) began" : nil
        }
      }
  }
}
