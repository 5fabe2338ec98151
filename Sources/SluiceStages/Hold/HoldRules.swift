import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// What all holds of a generation go by: its budgets, in their order, and who else has a say.
package final class HoldRules: Sendable {
  package let lines: [BudgetLine]
  /// By product, the budget that its shadows are paid from, where one is named.
  private let shadowBudgets: [String: String]
  let ledger: any Ledger
  let stop: any SpendingStop
  let watch: BudgetWatch
  /// Whether some key reads the model.
  let readsModel: Bool
  /// What a client is told whose answer is cut.
  let notice: String?

  package init(
    _ policy: Policy,
    ledger: any Ledger,
    stop: any SpendingStop,
    watch: BudgetWatch,
    metrics: MetricsRegistry
  ) {
    lines = policy.budgets.map { BudgetLine($0, metrics: metrics) }
    shadowBudgets = Dictionary(
      uniqueKeysWithValues: policy.products.compactMap { product in
        product.cache?.semantic?.shadow?.budget.map { (product.name, $0) }
      }
    )
    self.ledger = ledger
    self.stop = stop
    self.watch = watch
    let keys = policy.budgets.compactMap(\.key) + policy.killSwitches.compactMap(\.key)
    readsModel = keys.contains { key in
      key.checked.slots.contains(PolicyVariable.modelName.slot)
        || key.checked.slots.contains(PolicyVariable.modelUpstream.slot)
    }
    notice = policy.budgets.lazy.compactMap(\.notice).first
  }

  /// The budgets that pay for an exchange: all, but of a shadow whose product names one, that one.
  func lines(for exchange: Exchange) -> [BudgetLine] {
    guard exchange.purpose == .shadow, let name = shadowBudgets[exchange.caller.product] else {
      return lines
    }
    return lines.filter { $0.settings.name == name }
  }
}
