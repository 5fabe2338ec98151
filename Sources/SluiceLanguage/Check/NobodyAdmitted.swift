import SluicePolicy

/// An `identity` that takes no key and no anonymous caller.
struct NobodyAdmitted: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let identity = draft.identity
    guard let mapping = identity.node?.mapping, mapping["keys"] == nil else { return }
    if let anonymous = mapping["anonymous"]?.value.scalar {
      // Anything but a plain refusal has been told, or lets somebody in.
      guard YAMLTraps.boolean12(anonymous.text) == false else { return }
    } else if mapping["anonymous"] != nil {
      return
    }
    // A misspelt key has been told, and may well be the missing one.
    guard mapping.entries.allSatisfy({ Schema.identity.allows($0.name) }) else { return }
    binder.report(.nobodyAdmitted(at: identity.nameSpan))
  }
}
