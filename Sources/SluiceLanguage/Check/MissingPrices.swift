import SluicePolicy

/// A model whose cost cannot be counted.
///
/// An error where a budget has to count it; else a warning, since the metrics show too small a bill.
struct MissingPrices: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let budget = draft.budgets.first
    for model in draft.models where model.settings.price == nil && model.keySpan("price") == nil {
      var finding = Diagnostic.priceMissing(
        model.settings.name,
        at: model.nameSpan,
        neededBy: budget?.nameSpan
      )
      if budget == nil { finding.severity = .warning }
      binder.report(finding)
    }
  }
}
