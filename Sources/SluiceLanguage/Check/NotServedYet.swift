import SluicePolicy

/// What the language has and this version does not do: told once all else about it has been.
///
/// A part of the language that comes to be served loses its line here.
struct NotServedYet: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for product in draft.products {
      // The answers of a shadow are compared by an encoder on this machine.
      guard product.keySpan("cache", "semantic", "embedder") != nil,
        let span = product.keySpan("cache", "semantic", "shadow")
      else { continue }
      binder.report(.notServedYet("shadow` beside `embedder", at: span))
    }
  }
}
