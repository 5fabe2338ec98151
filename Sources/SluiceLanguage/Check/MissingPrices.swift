import SluicePolicy

/// A model whose cost a budget has to count but cannot.
struct MissingPrices: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard let budget = draft.budgets.first else { return }
    for model in draft.models where model.settings.price == nil && model.keySpan("price") == nil {
      binder.report(
        .priceMissing(model.settings.name, at: model.nameSpan, neededBy: budget.nameSpan))
    }
  }
}
