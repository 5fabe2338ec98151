internal import SluiceCore

/// What a scenario's policy says about its cache, for those who check it.
package struct CacheRules: Sendable {
  /// Names all exchanges that may share an answer; `nil` for one that the cache does not take.
  package var key: @Sendable (ExchangeRecord) -> String?
  /// Nanoseconds for which an answer to an ask is kept.
  package var ttl: @Sendable (Ask) -> Int64
  /// Nanoseconds after that in which it may be served when nothing else answers.
  package var stale: @Sendable (Ask) -> Int64
  /// Whether the policy keeps the answer of an attempt that a leader made; the answer itself is
  /// judged apart.
  package var keeps: @Sendable (AttemptRecord, ExchangeRecord) -> Bool
  /// What a question means: those that mean the same may share an answer.
  package var meaning: @Sendable (String) -> String = { $0 }

  package init(
    key: @escaping @Sendable (ExchangeRecord) -> String?,
    ttl: @escaping @Sendable (Ask) -> Int64,
    stale: @escaping @Sendable (Ask) -> Int64 = { _ in 0 },
    keeps: @escaping @Sendable (AttemptRecord, ExchangeRecord) -> Bool = { _, _ in true }
  ) {
    self.key = key
    self.ttl = ttl
    self.stale = stale
    self.keeps = keeps
  }

  /// Nanoseconds for which an answer to an ask is fresh at least: expiry is spread.
  func least(_ ask: Ask) -> Int64 {
    ttl(ask) - ttl(ask) * Bounds.expirySpreadPercent / 100
  }

  /// No cache at all.
  package static let none = CacheRules(key: { _ in nil }, ttl: { _ in 0 })
}
