import SluiceExpressions
import SluicePolicy

/// What is left of a budget, read where its key is not known yet.
struct BudgetReadsTooEarly: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for read in binder.budgetReads {
      guard let budget = draft.budgets.first(where: { $0.settings.name == read.budget }),
        let key = budget.settings.key,
        let late = Self.late(key, in: read.phase)
      else { continue }
      binder.report(
        .budgetKeyTooLate(
          read.budget,
          variable: late.name,
          phase: read.phase.name,
          from: late.phases.first?.name ?? PolicyPhase.attempt.name,
          at: read.span,
          keyAt: budget.span("key")
        )
      )
    }
  }

  /// The first variable of a key that does not exist yet in a phase.
  private static func late(_ key: SluicePolicy.Expression, in phase: PolicyPhase) -> PolicyVariable?
  {
    // A settlement is of an attempt, and knows all that it knew.
    guard phase != .settled else { return nil }
    return key.checked.slots.sorted().lazy
      .compactMap(PolicyVariable.init)
      .first { !$0.phases.contains(phase) }
  }
}
