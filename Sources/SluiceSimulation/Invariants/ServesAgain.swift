internal import SluiceCore

/// After faults stop, whoever asks is answered.
package struct ServesAgain: Invariant {
  package let claim = "after faults stop, the system serves again"
  private let start: Int64

  /// - Parameter start: the monotonic time from which every ask must be answered.
  package init(from start: Int64) { self.start = start }

  package func violations(in run: Run) -> [String] {
    run.exchanges.compactMap { exchange in
      guard exchange.began.moment.monotonic >= start, exchange.left == nil else { return nil }
      let isAnswered =
        exchange.received.status == 200 && exchange.received.completions == 1
        && exchange.received.text != nil
      return isAnswered ? nil : exchange.line
    }
  }
}
