import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A candidate that the deadline of the request never lets have a try.
struct ChainDeadline: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let deadline = draft.server.settings.timeout.request
    let models = binder.names(of: .models).sorted
    for target in draft.targets {
      guard case .candidates(let candidates) = target.settings.kind, candidates.count > 1 else {
        continue
      }
      var spent = Duration.zero
      for (place, index) in candidates.enumerated() {
        let items = target.node?.sequence ?? []
        if spent >= deadline {
          binder.report(
            .lastCandidateTooLate(
              models[index.position],
              after: spent.text,
              deadline: deadline.text,
              at: items.indices.contains(place) ? items[place].span : target.nameSpan
            )
          )
          break
        }
        let model = draft.models.first { $0.settings.name == models[index.position] }?.settings
        guard let upstream = draft.upstreams.first(where: { $0.settings.name == model?.upstream }),
          let longest = RetryDeadline.longest(upstream.settings)
        else { break }
        spent += longest
      }
    }
  }
}

extension Diagnostic {
  static func lastCandidateTooLate(
    _ model: String,
    after spent: String,
    deadline: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .lastCandidateTooLate,
      .warning,
      "`\(Wording.short(model))` may be asked only after \(spent), when the request has ended at"
        + " \(deadline)",
      at: span,
      notes: ["so long can those before it take when they hang"],
      help: "lower their `first_byte` or `attempts`, or raise `server.timeout.request`"
    )
  }
}
