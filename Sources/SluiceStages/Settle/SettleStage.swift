package import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluicePolicy

/// Books what the attempt used: tokens as the upstream counted them, cost by the price table.
package struct SettleStage: Stage {
  enum Exit: Int, StageExit {
    case settled
    /// The upstream said nothing about tokens, so that the cost is not known.
    case unmetered
  }
  package let exits = Exit.names
  private let ledger: any Ledger

  package init(ledger: any Ledger) { self.ledger = ledger }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let usage = exchange.usage, let model = exchange.answeredBy else {
      exchange.explain("the upstream counted no tokens")
      book(exchange, Settlement(.held), at: moment)
      return Exit.unmetered.index
    }
    if let price = exchange.policy[model].price {
      let cost = Metering.cost(of: usage, at: price)
      exchange.cost = cost
      exchange.explain("\(usage.prompt) + \(usage.completion) tokens, $\(cost)")
    } else {
      exchange.explain("\(usage.prompt) + \(usage.completion) tokens, not priced")
    }
    let settlement = Settlement(.reported, cost: exchange.cost ?? .zero, usage: usage)
    book(exchange, settlement, at: moment)
    return Exit.settled.index
  }

  /// Has the ledger count the attempt for whoever asked.
  private func book(_ exchange: Exchange, _ settlement: Settlement, at moment: Moment) {
    guard !exchange.isTraced, let model = exchange.answeredBy else { return }
    let caller = exchange.caller
    let claim = Claim(
      amount: settlement.cost,
      charges: [],
      attribution: Attribution(
        tenant: caller.tenant,
        user: caller.user,
        tier: caller.tier,
        product: caller.product,
        tag: "",
        model: exchange.policy[model].name
      )
    )
    switch ledger.hold(claim, at: moment) {
    case .held(let hold): _ = ledger.settle(hold, settlement, at: moment)
    case .short, .full, .unavailable: exchange.explain("the ledger did not take it")
    }
  }
}
