import SluicePolicy

/// A model that may answer with more tokens than it holds.
struct ModelSizes: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for model in draft.models where model.settings.maxOutput > model.settings.context {
      binder.report(
        .outOfRange(
          "max_output",
          "\(model.settings.maxOutput)",
          range: "at most the `context` of \(model.settings.context)",
          at: model.span("max_output")
        )
      )
    }
  }
}
