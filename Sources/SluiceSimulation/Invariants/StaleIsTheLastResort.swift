/// A stale answer is given only where nobody else gave one, or at once where the policy says so, and is
/// marked.
///
/// That it is the asker's own, young enough and not invalidated is judged with all that is cached.
package struct StaleIsTheLastResort: Invariant {
  package let claim = "a stale answer is the last resort"

  package init() {}

  package func violations(in run: Run) -> [String] {
    run.exchanges.flatMap { exchange -> [String] in
      let isMarked = exchange.received.field("x-sluice-cache") == "stale"
      let isStale =
        exchange.passed("stale:served") || exchange.passed("lookup:stale")
        || exchange.trail.contains { $0.hasPrefix("cache ") && $0.hasSuffix(":stale") }
      guard isMarked || isStale else { return [] }
      var findings: [String] = []
      if isMarked != isStale, exchange.left == nil { findings.append("not marked as what it is") }
      if exchange.received.attempt == nil, exchange.left == nil { findings.append("no answer") }
      let own = run.attempts(of: exchange.number)
      if own.contains(where: \.isWhole) { findings.append("though an attempt was answered") }
      if exchange.trail.contains(where: { $0.hasSuffix(":declined") || $0.hasSuffix(":cut") }) {
        findings.append("though an upstream had its say")
      }
      return findings.map { "\($0) in \(exchange.line)" }
    }
  }
}
