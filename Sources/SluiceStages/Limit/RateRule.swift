import SluiceCore
import SluicePipeline
import SluicePolicy

/// So many in any window, and a burst on top: what one tier may have of a limit.
struct RateRule: Sendable {
  let rate: LimitSettings.Rate
  let burst: Int
  private let terms: RateReport.Terms

  init(rate: LimitSettings.Rate, burst: Int, of limit: String, in unit: RateReport.Unit) {
    self.rate = rate
    self.burst = burst
    terms = RateReport.Terms(
      limit: limit,
      quota: rate.count + burst,
      windowSeconds: max(1, Self.seconds(rate.windowNanoseconds)),
      unit: unit
    )
  }

  /// How many fit in a window.
  var quota: Int { rate.count + burst }

  /// What the client is told.
  func report(_ decision: RateDecision) -> RateReport { RateReport(terms, decision: decision) }

  /// Whole seconds that are not shorter than `nanoseconds`.
  static func seconds(_ nanoseconds: Int64) -> Int64 {
    nanoseconds <= 0 ? 0 : (nanoseconds - 1) / 1_000_000_000 + 1
  }
}
