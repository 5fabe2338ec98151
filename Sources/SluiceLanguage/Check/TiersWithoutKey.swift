import SluicePolicy

/// Values by tier in what counts all callers together.
struct TiersWithoutKey: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for limit in draft.limits {
      tell(limit.keySpan("tiers"), limit.keySpan("key"), "limit `\(limit.settings.name)`", binder)
    }
    for budget in draft.budgets {
      tell(
        budget.keySpan("tiers"),
        budget.keySpan("key"),
        "budget `\(budget.settings.name)`",
        binder
      )
    }
  }

  private func tell(
    _ tiers: SourceSpan?,
    _ key: SourceSpan?,
    _ section: String,
    _ binder: Binder
  ) {
    guard let tiers, key == nil else { return }
    binder.report(.tiersWithoutKey(section, at: tiers))
  }
}
