import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A later candidate that cannot serve what the first can.
struct FallbackCapability: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let models = binder.names(of: .models).sorted
    for target in draft.targets {
      guard case .candidates(let candidates) = target.settings.kind else { continue }
      let settings = candidates.compactMap { index in
        draft.models.first { $0.settings.name == models[index.position] }
      }
      guard let first = settings.first, settings.count == candidates.count else { continue }
      for (place, model) in settings.enumerated().dropFirst()
      where model.settings.context < first.settings.context {
        let items = target.node?.sequence ?? []
        binder.report(
          .fallbackLosesCapability(
            model.settings.name,
            context: model.settings.context,
            first: first.settings.name,
            firstContext: first.settings.context,
            at: items.indices.contains(place) ? items[place].span : target.nameSpan
          )
        )
      }
    }
  }
}

extension Diagnostic {
  static func fallbackLosesCapability(
    _ model: String,
    context: Int,
    first: String,
    firstContext: Int,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .fallbackLosesCapability,
      .warning,
      "`\(Wording.short(model))` holds \(context) tokens, fewer than the \(firstContext) of"
        + " `\(Wording.short(first))`",
      at: span,
      notes: ["longer prompts have no fallback, which shows only during an outage"],
      help: "fall back to a model that holds as much, or route long prompts elsewhere"
    )
  }
}
