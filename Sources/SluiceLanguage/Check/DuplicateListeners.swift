/// One address that is listened on twice, which the system would refuse at start.
struct DuplicateListeners: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    var seen: [String: Listener] = [:]
    for listener in draft.listeners + [draft.adminListener].compactMap(\.self)
    where listener.endpoint.port != 0 {
      let key = "\(listener.endpoint.host) \(listener.endpoint.port)"
      guard let first = seen[key] else {
        seen[key] = listener
        continue
      }
      binder.report(.duplicateName("address", listener.text, at: listener.span, first: first.span))
    }
  }
}
