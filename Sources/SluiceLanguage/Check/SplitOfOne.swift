import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A split that has nothing to choose from.
struct SplitOfOne: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    for target in draft.targets {
      guard case .split(let shares, _) = target.settings.kind, shares.count == 1 else { continue }
      binder.report(.splitOfOne(target.settings.name, at: target.span("split")))
    }
  }
}

extension Diagnostic {
  static func splitOfOne(_ target: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .splitOfOne,
      .warning,
      "`\(Wording.short(target))` gives all requests to one share",
      at: span,
      help: "lead routes to that target itself, or add the other share"
    )
  }
}
