import SluiceCore
package import SluicePolicy

/// How long to wait before an attempt is made again.
///
/// Exponential: `base`, then `factor` times as long each time, up to `Bounds.backoffSeconds`. Full
/// jitter draws evenly between nothing and that, so that clients that failed together do not come
/// back together; bounded jitter adds up to a fixed time.
package struct Backoff: Sendable {
  private let settings: UpstreamSettings.Retry

  package init(_ settings: UpstreamSettings.Retry) { self.settings = settings }

  /// The wait before the next attempt, in nanoseconds.
  ///
  /// - Parameters:
  ///   - failures: attempts that failed, at least one.
  ///   - random: evenly distributed bits.
  /// - Returns: how long to wait, up to `Bounds.backoffSeconds` and a bounded jitter.
  package func wait(after failures: Int, random: UInt64) -> Int64 {
    precondition(failures > 0, "a first attempt waits for nothing")
    let cap = Double(Bounds.backoffSeconds) * 1e9
    var ceiling = Double(settings.base.nanoseconds)
    for _ in 1..<failures where ceiling < cap { ceiling *= settings.factor }
    ceiling = min(ceiling, cap)
    switch settings.jitter {
    case .full: return Self.share(of: Int64(ceiling), random)
    case .bounded(let bound): return Int64(ceiling) + Self.share(of: bound.nanoseconds, random)
    }
  }

  /// Evenly distributed from 0 to `maximum`.
  private static func share(of maximum: Int64, _ random: UInt64) -> Int64 {
    Int64(random.multipliedFullWidth(by: UInt64(max(0, maximum)) + 1).high)
  }
}
