import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Two tiers that get the same from every part of the policy.
struct TierWithoutEffect: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    // An expression that looks at tiers may treat each as it likes.
    guard !binder.findings.haveErrors,
      !draft.policy.expressions.contains(where: {
        $0.checked.slots.contains(PolicyVariable.userTier.slot)
      })
    else { return }
    var seen: [[String]: Declared<TierSettings>] = [:]
    for tier in draft.tiers {
      let gift = gift(tier, draft)
      guard let first = seen[gift] else {
        seen[gift] = tier
        continue
      }
      binder.report(
        .tierWithoutEffect(
          tier.settings.name,
          like: first.settings.name,
          at: tier.nameSpan,
          likeAt: first.nameSpan
        )
      )
    }
  }

  /// All that a policy gives a tier.
  private func gift(_ tier: Declared<TierSettings>, _ draft: Draft) -> [String] {
    let name = tier.settings.name
    return [
      tier.settings.models.map { "\($0.map(\.position).sorted())" } ?? "all"
    ]
      + draft.limits.map { ($0.settings.tiers[name] ?? $0.settings.measure).text }
      + draft.budgets.map { ($0.settings.tiers[name] ?? $0.settings.limit).description }
  }
}

extension Diagnostic {
  static func tierWithoutEffect(
    _ tier: String,
    like other: String,
    at span: SourceSpan,
    likeAt otherSpan: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .tierWithoutEffect,
      .warning,
      "tier `\(Wording.short(tier))` buys nothing that `\(Wording.short(other))` does not",
      at: span,
      seconds: [Label("treated the same everywhere", at: otherSpan)],
      help: "give it models, limits or routes of its own, or remove it"
    )
  }
}
