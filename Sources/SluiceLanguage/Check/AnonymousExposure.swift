import SluicePolicy

/// Callers without a key behind an address that others can reach.
struct AnonymousExposure: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard draft.identity.settings.anonymous != nil else { return }
    for listener in draft.listeners where !listener.endpoint.isLoopback {
      binder.report(
        .anonymousExposed(
          at: draft.identity.keySpan("anonymous") ?? listener.span,
          listen: listener.text,
          listenAt: listener.span
        )
      )
    }
  }
}
