import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A canary whose users change sides.
struct UnstableSplit: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for target in draft.targets {
      guard case .split(_, let by) = target.settings.kind else { continue }
      let variables = by.checked.slots.compactMap { PolicyVariable(rawValue: $0) }
      guard variables.count == by.checked.slots.count else { continue }
      let moving = variables.filter { !Self.stable.contains($0) }.map(\.name).sorted()
      if by.checked.slots.isEmpty {
        binder.report(.unstableSplit(nil, at: target.span("by")))
      } else if let first = moving.first {
        binder.report(.unstableSplit(first, at: target.span("by")))
      }
    }
  }

  /// What stays the same from one request of somebody to the next.
  private static let stable: Set<PolicyVariable> = [
    .userID, .userTier, .tenant, .product, .headers, .clientIP,
  ]
}

extension Diagnostic {
  /// `variable`: what changes from request to request; nil if the key is the same for all.
  static func unstableSplit(_ variable: String?, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .unstableSplit,
      .warning,
      variable.map { "`\($0)` changes from one request to the next, so nobody keeps to one share" }
        ?? "everybody has the same key, so all requests go to one share",
      at: span,
      help: "write `by: user.id` or `by: tenant`"
    )
  }
}
