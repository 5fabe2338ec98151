import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Candidates that all fail together.
struct SharedUpstream: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let models = binder.names(of: .models).sorted
    for target in draft.targets {
      guard case .candidates(let candidates) = target.settings.kind, candidates.count > 1 else {
        continue
      }
      let upstreams = candidates.map { index in
        draft.models.first { $0.settings.name == models[index.position] }?.settings.upstream
      }
      guard let only = upstreams[0], upstreams.allSatisfy({ $0 == only }) else { continue }
      binder.report(.sharedUpstream(target.settings.name, upstream: only, at: target.nameSpan))
    }
  }
}

extension Diagnostic {
  static func sharedUpstream(
    _ target: String,
    upstream: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .sharedUpstream,
      .warning,
      "all candidates of `\(Wording.short(target))` are at upstream `\(Wording.short(upstream))`",
      at: span,
      notes: ["when it is down, there is nothing to fall back to"],
      help: "add a candidate at another upstream"
    )
  }
}
