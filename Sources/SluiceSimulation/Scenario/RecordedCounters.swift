package import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// Counters that write down what stages reserve and settle, and what they are told.
package struct RecordedCounters: Counters {
  private let base: any Counters
  private let history: History

  package init(_ base: any Counters, in history: History) {
    self.base = base
    self.history = history
  }

  package func take(
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> RateDecision {
    base.take(limit: limit, key: key, rate: rate, burst: burst, at: moment)
  }

  package func reserve(
    _ amount: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) -> (decision: RateDecision, reservation: Reservation?) {
    let answer = base.reserve(
      amount,
      limit: limit,
      key: key,
      rate: rate,
      burst: burst,
      at: moment
    )
    history.reserve(amount, limit: limit, key: key, answer, at: moment.monotonic)
    return answer
  }

  package func settle(
    _ reservation: Reservation,
    used: Int,
    limit: String,
    key: String,
    rate: LimitSettings.Rate,
    burst: Int,
    at moment: Moment
  ) {
    history.settle(reservation, used: used, limit: limit, key: key, at: moment.monotonic)
    base.settle(
      reservation,
      used: used,
      limit: limit,
      key: key,
      rate: rate,
      burst: burst,
      at: moment
    )
  }

  package func enter(limit: String, key: String, maximum: Int) -> Bool {
    base.enter(limit: limit, key: key, maximum: maximum)
  }

  package func leave(limit: String, key: String) { base.leave(limit: limit, key: key) }
}
