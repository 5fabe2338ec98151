internal import SluiceCore

/// Whoever stays gets the first byte of a reply, or a refusal, within the time the policy gives.
package struct AnswersInTime: Invariant {
  package let claim = "the first byte comes within the request's time"
  private let nanoseconds: Int64

  /// What a refusal takes after its timer ran, where time goes on between steps.
  private static let tolerance: Int64 = 50_000_000

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package func violations(in run: Run) -> [String] {
    run.exchanges.compactMap { exchange in
      guard exchange.left == nil, let first = exchange.received.first else { return nil }
      let took = first.moment.monotonic - exchange.began.moment.monotonic
      return took > nanoseconds + Self.tolerance + exchange.ask.writeDelay
        ? "\(took / 1_000_000) ms for \(exchange.line)" : nil
    }
  }
}
