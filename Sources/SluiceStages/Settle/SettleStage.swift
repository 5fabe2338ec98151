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

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let usage = exchange.usage, let model = exchange.answeredBy else {
      exchange.explain("the upstream counted no tokens")
      return Exit.unmetered.index
    }
    if let price = exchange.policy[model].price(atWall: exchange.startedAt.wall) {
      let cost = Metering.cost(of: usage, at: price)
      exchange.cost = cost
      exchange.explain("\(usage.prompt) + \(usage.completion) tokens, $\(cost)")
    } else {
      exchange.explain("\(usage.prompt) + \(usage.completion) tokens, not priced")
    }
    return Exit.settled.index
  }
}
