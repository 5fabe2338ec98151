package import SluiceCore

/// Spreads the expiry of answers, so that those that were stored together are not asked for again
/// together.
///
/// An answer lives for its TTL less a share of it, up to `Bounds.expirySpreadPercent`, that comes
/// from its key: the same for one key each time, evenly spread over keys, and never beyond the TTL.
package enum ExpirySpread {
  /// How long the answer under `key` is fresh, in nanoseconds.
  package static func lifetime(of key: Digest, ttl: Int64) -> Int64 {
    let most = Int128(ttl) * Int128(Bounds.expirySpreadPercent) / 100
    let share = (Int128(key.leadingBits) * most) >> 64
    return ttl - Int64(share)
  }
}
