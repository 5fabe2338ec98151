import SluiceCore
package import SluicePipeline
package import SluicePolicy

/// Waits before a failed attempt is made again, if it may be.
///
/// It may be while the upstream's retry budget lasts and the wait ends before the exchange's
/// deadline. What the upstream asked for (`Retry-After`) is waited for in full or not at all.
package struct RetryStage: WaitingStage {
  package enum Exit: Int, StageExit {
    case again
    /// No more tries here: no budget, or no time.
    case exhausted
    /// Nobody is left to answer.
    case gaveUp
  }

  package let exits = Exit.names
  private let failures: Int
  private let upstream: String
  private let backoff: Backoff
  private let budgets: RetryBudgetTable

  /// Makes the node behind the failed try number `failures`.
  package init(
    failures: Int,
    upstream: String,
    settings: UpstreamSettings.Retry,
    budgets: RetryBudgetTable
  ) {
    self.failures = failures
    self.upstream = upstream
    backoff = Backoff(settings)
    self.budgets = budgets
  }

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    let world = exchange.world
    let wait = max(
      backoff.wait(after: failures, random: world.random()),
      exchange.failure?.retryAfter ?? 0
    )
    let now = world.now.monotonic
    guard wait < exchange.deadline - now else { return Exit.exhausted.index }
    guard budgets.spend(upstream) else { return Exit.exhausted.index }
    guard let reason = await pause(exchange, until: now + wait) else { return Exit.again.index }
    exchange.failure = Failure(Failure.Reason(reason))
    return Exit.gaveUp.index
  }

  /// Waits for the exchange, and for those who follow it.
  private func pause(_ exchange: Exchange, until time: Int64) async -> Cancellation.Reason? {
    let cancellation = Cancellation()
    let link = exchange.forward(to: cancellation)
    defer { exchange.cancellation.remove(link) }
    return await Pause.until(time, in: exchange.world, unless: cancellation)
  }
}

extension Exchange {
  /// Has `cancellation` cancelled with the exchange, but not while others wait for its answer.
  ///
  /// - Returns: what `Cancellation.remove(_:)` of the exchange's own takes.
  func forward(to cancellation: Cancellation) -> UInt64 {
    self.cancellation.onCancel { [flight] reason in
      guard reason == .clientLeft, let flight else { return cancellation.cancel(reason) }
      flight.whenDeserted { cancellation.cancel(reason) }
    }
  }
}
