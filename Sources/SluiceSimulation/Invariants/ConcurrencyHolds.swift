/// A limit of exchanges in flight holds its maximum, no more and no fewer.
package struct ConcurrencyHolds: Invariant {
  package let claim: String
  private let node: String
  private let maximum: Int
  private let key: @Sendable (Ask) -> String

  /// Checks the node called `node`, at which `maximum` of those whose `key` is the same may be in
  /// flight.
  package init(node: String, maximum: Int, key: @escaping @Sendable (Ask) -> String) {
    claim = "\(node) holds at most \(maximum) in flight"
    self.node = node
    self.maximum = maximum
    self.key = key
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.grouped { key($0.ask) }
      .flatMap { key, exchanges in
        let admitted = exchanges.filter { $0.passed("\(node):admitted") }
        return exchanges.compactMap { exchange -> String? in
          let inFlight = admitted.filter { other in
            other.number != exchange.number && other.began < exchange.began
              && other.walked.map { $0 > exchange.began } ?? true
          }
          if exchange.passed("\(node):admitted"), inFlight.count >= maximum {
            return "\(inFlight.count) for \(key) when \(exchange.number) was admitted"
          }
          if exchange.passed("\(node):refused"), inFlight.count < maximum {
            return "only \(inFlight.count) for \(key) when \(exchange.number) was refused"
          }
          return nil
        }
      }
  }
}
