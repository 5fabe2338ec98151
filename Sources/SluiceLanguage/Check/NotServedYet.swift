import SluicePolicy

/// What the language has and this version does not do: told once all else about it has been.
///
/// A part of the language that comes to be served loses its line here.
struct NotServedYet: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    var refused: [SourceSpan] = []
    for section in [Section.killSwitches] {
      for head in binder.sections.heads[section] ?? [] {
        binder.report(.notServedYet(section.rawValue, at: head.keySpan))
        refused.append(head.value.span)
      }
    }
    for product in draft.products {
      guard let span = product.keySpan("cache", "semantic") else { continue }
      binder.report(.notServedYet("semantic", at: span))
    }
    for use in binder.unservedUses where !refused.contains(where: { $0.contains(use.span) }) {
      binder.report(.notServedYet(use.feature, at: use.span))
    }
  }
}
