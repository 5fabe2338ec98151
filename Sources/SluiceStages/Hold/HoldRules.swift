import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// What all holds of a generation go by: its budgets, in their order, and who else has a say.
package struct HoldRules: Sendable {
  package let lines: [BudgetLine]
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
}
