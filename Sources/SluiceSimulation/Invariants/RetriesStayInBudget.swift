/// What a scenario's policy says about retries at one upstream.
package struct RetryPromise: Sendable {
  /// Attempts at one model for one exchange.
  package var attempts: Int
  /// Retries for each first attempt, in percent.
  package var percent: Int
  /// Retries that may be saved up.
  package var reserve: Int

  package init(attempts: Int, percent: Int, reserve: Int) {
    self.attempts = attempts
    self.percent = percent
    self.reserve = reserve
  }
}

/// An upstream in trouble gets no more than the budget of retries allows.
package struct RetriesStayInBudget: Invariant {
  package let claim = "retries stay within their budget"
  private let promise: @Sendable (_ upstream: String) -> RetryPromise

  package init(promise: @escaping @Sendable (_ upstream: String) -> RetryPromise) {
    self.promise = promise
  }

  package func violations(in run: Run) -> [String] {
    run.attempts.grouped { $0.upstream }
      .flatMap { upstream, attempts -> [String] in
        let promise = promise(upstream)
        var tries: [String: Int] = [:]
        var (first, again) = (0, 0)
        var findings: [String] = []
        for attempt in attempts {
          let place = "\(attempt.exchange ?? -1) \(attempt.refreshed ?? -1) \(attempt.model)"
          let number = tries[place, default: 0] + 1
          tries[place] = number
          if number == 1 { first += 1 } else { again += 1 }
          if number > promise.attempts {
            findings.append(
              "try \(number) of exchange \(attempt.exchange ?? -1) at \(attempt.model)"
            )
          }
          if again * 100 > first * promise.percent + promise.reserve * 100 {
            findings.append("\(again) retries behind \(first) first attempts at \(upstream)")
          }
        }
        return findings
      }
  }
}
