/// Once a client has a byte of an answer, nobody else is asked for it.
package struct TriesEndAtTheFirstByte: Invariant {
  package let claim = "nothing is tried again after the first byte"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.exchanges.compactMap { exchange in
      guard let first = exchange.received.first else { return nil }
      let late = run.attempts(of: exchange.number).first { first < $0.asked }
      return late.map { "attempt \($0.number) after the first byte of \(exchange.line)" }
    }
  }
}
