internal import SluiceCore

/// What is told to stop ends in that instant, slow clients apart.
///
/// Holds for worlds without drift, where an instant is one.
package struct StoppingStops: Invariant {
  package let claim = "what is told to stop ends"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.stops.flatMap { stop in
      run.exchanges.compactMap { exchange in
        guard exchange.began < stop, exchange.walked.map({ $0 > stop }) ?? true else { return nil }
        // A stream that is cut takes two more writes: why, and the end.
        let latest = stop.moment.monotonic + 3 * exchange.ask.writeDelay
        let end = exchange.walked?.moment.monotonic ?? .max
        return end > latest ? exchange.line : nil
      }
    }
  }
}
