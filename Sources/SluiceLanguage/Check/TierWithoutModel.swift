import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A route that leads a tier to models that it may not reach.
struct TierWithoutModel: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors else { return }
    let policy = draft.policy
    let restricted = draft.tiers.filter { $0.settings.models != nil }
    guard !restricted.isEmpty else { return }
    let cover = draft.cover(binder)
    for (position, route) in draft.routes.enumerated() {
      guard case .target(let target) = route.settings.destination else { continue }
      for tier in restricted {
        guard let allowed = tier.settings.models,
          models(of: target, policy).contains(where: { allowed.isDisjoint(with: $0) }),
          let witness = cover.witness(of: position, whose: .userTier, is: tier.settings.name)
        else { continue }
        binder.report(
          .tierCannotReach(
            tier.settings.name,
            route: route.settings.name,
            target: policy[target].name,
            witness: witness.description,
            at: route.span("to"),
            tierAt: tier.nameSpan
          )
        )
      }
    }
  }

  private func models(of target: TargetIndex, _ policy: Policy) -> [[ModelIndex]] {
    switch policy[target].kind {
    case .candidates(let models): [models]
    case .split(let shares, _): shares.flatMap { models(of: $0.target, policy) }
    }
  }
}

extension Diagnostic {
  static func tierCannotReach(
    _ tier: String,
    route: String,
    target: String,
    witness: String,
    at span: SourceSpan,
    tierAt: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .tierCannotReach,
      .warning,
      "route `\(Wording.short(route))` leads tier `\(Wording.short(tier))` to"
        + " `\(Wording.short(target))`, of which it may reach no model",
      at: span,
      label: "answered 403",
      seconds: [Label("what it may reach", at: tierAt)],
      notes: ["for example: \(witness)"],
      help: "add a candidate that the tier may reach, or take the tier out of the route"
    )
  }
}
