import SluiceCore
import SluiceExpressions
import SluicePolicy

/// One request that becomes many.
struct RetryAmplification: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let models = binder.names(of: .models).sorted
    for target in draft.targets {
      guard case .candidates(let candidates) = target.settings.kind else { continue }
      let tries = candidates.map { index -> Int in
        let model = draft.models.first { $0.settings.name == models[index.position] }?.settings
        let upstream = draft.upstreams.first { $0.settings.name == model?.upstream }
        return upstream?.settings.retry?.attempts ?? 1
      }
      let sum = tries.reduce(0, +)
      guard sum > Self.most else { continue }
      binder.report(
        .retryAmplification(
          target.settings.name,
          sum,
          tries.map(String.init).joined(separator: " + "),
          at: target.nameSpan
        )
      )
    }
  }

  private static let most = 8
}

extension Diagnostic {
  static func retryAmplification(
    _ target: String,
    _ tries: Int,
    _ sum: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .retryAmplification,
      .warning,
      "one request to `\(Wording.short(target))` can become \(tries) attempts: \(sum)",
      at: span,
      notes: ["each may be paid, and all come when the services are least able to answer"],
      help: "lower `retry.attempts` of its upstreams, or shorten the list"
    )
  }
}
