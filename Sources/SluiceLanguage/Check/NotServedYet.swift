import SluicePolicy

/// What the language has and this version does not do: told once all else about it has been.
///
/// A part of the language that comes to be served loses its line here.
struct NotServedYet: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    var refused: [SourceSpan] = []
    for section in [Section.budgets, .killSwitches] {
      for head in binder.sections.heads[section] ?? [] {
        binder.report(.notServedYet(section.rawValue, at: head.keySpan))
        refused.append(head.value.span)
      }
    }
    for model in draft.models { inspect(model, binder) }
    for product in draft.products {
      guard let span = product.keySpan("cache", "semantic") else { continue }
      binder.report(.notServedYet("semantic", at: span))
    }
    for use in binder.unservedUses where !refused.contains(where: { $0.contains(use.span) }) {
      binder.report(.notServedYet(use.feature, at: use.span))
    }
  }

  private func inspect(_ model: Declared<ModelSettings>, _ binder: Binder) {
    let serves = model.settings.serves
    // The default names more than is served, for lists that stay right later.
    guard let items = model.node?.mapping?["serves"]?.value.sequence,
      serves != [.chat, .completions]
    else { return }
    for item in items {
      guard let text = item.scalar?.text, text != ModelSettings.Service.chat.rawValue,
        ModelSettings.Service(rawValue: text) != nil
      else { continue }
      binder.report(.notServedYet("serves: \(text)", at: item.span))
    }
  }
}
