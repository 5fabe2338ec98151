/// No model outside its tier is asked for anybody, nor answers anybody.
package struct ReachesOnlyItsTier: Invariant {
  package let claim = "a tier reaches only its models"
  private let isAllowed: @Sendable (_ model: String, _ tier: String) -> Bool

  package init(isAllowed: @escaping @Sendable (_ model: String, _ tier: String) -> Bool) {
    self.isAllowed = isAllowed
  }

  package func violations(in run: Run) -> [String] {
    run.exchanges.compactMap { exchange in
      var models = run.attempts(of: exchange.number).map(\.model)
      if let number = exchange.received.attempt, run.attempts.indices.contains(number) {
        models.append(run.attempts[number].model)
      }
      let wrong = models.first { !isAllowed($0, exchange.ask.tier) }
      return wrong.map { "tier \(exchange.ask.tier) met \($0) in \(exchange.line)" }
    }
  }
}
