import SluicePolicy

/// A model that is to make vectors for the semantic cache and serves no embeddings.
struct EmbedderServes: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let models = binder.names(of: .models).sorted
    for product in draft.products {
      guard let embedder = product.settings.cache?.semantic?.embedder,
        let model = draft.models.first(where: {
          $0.settings.name == models[embedder.position]
        }),
        !model.settings.serves.contains(.embeddings)
      else { continue }
      binder.report(
        .embedderServesNoEmbeddings(
          model.settings.name,
          at: product.span("cache", "semantic", "embedder"),
          modelAt: model.nameSpan
        )
      )
    }
  }
}

extension Diagnostic {
  static func embedderServesNoEmbeddings(
    _ model: String,
    at span: SourceSpan,
    modelAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .embedderServesNoEmbeddings,
      "model `\(Wording.short(model))` serves no embeddings",
      at: span,
      seconds: [Label("declared here", at: modelAt)],
      help: "name a model with `serves: [embeddings]`, or leave `embedder` out: then the encoder of"
        + " this machine is used"
    )
  }
}
