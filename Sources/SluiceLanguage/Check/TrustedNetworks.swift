import SluiceCore

/// Networks that hold everybody, whose word about users would count.
struct TrustedNetworks: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let items = draft.identity.node?.mapping?["headers"]?.value.mapping?["trust_from"]?.value
    for item in items?.sequence ?? [] {
      guard let scalar = item.scalar, Network(scalar.text)?.isEverything == true else { continue }
      binder.report(.headersTrustedFromEverywhere(scalar.text, at: scalar.span))
    }
  }
}
