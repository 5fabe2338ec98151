import SluiceCore
import SluiceExpressions
import SluicePolicy

/// A target that nothing leads to, and that no client could ask for.
struct UnusedTarget: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    guard !binder.findings.haveErrors else { return }
    let policy = draft.policy
    // With `to: requested`, or a condition on what was asked for, clients lead to targets.
    guard !policy.routes.contains(where: { $0.destination == .requested }),
      !policy.expressions.contains(where: {
        $0.checked.slots.contains(PolicyVariable.requestModel.slot)
          || $0.checked.slots.contains(PolicyVariable.target.slot)
      })
    else { return }
    var used: Set<String> = []
    func use(_ target: TargetIndex) { used.insert(policy[target].name) }
    for route in policy.routes { if case .target(let target) = route.destination { use(target) } }
    for target in policy.targets {
      if case .split(let shares, _) = target.kind { for share in shares { use(share.target) } }
    }
    for budget in policy.budgets {
      for relief in budget.onExceed { if case .reroute(let target) = relief { use(target) } }
    }
    for target in draft.targets
    where !used.contains(target.settings.name) && !target.settings.name.hasPrefix("_") {
      binder.report(.unusedTarget(target.settings.name, at: target.nameSpan))
    }
  }
}

extension Diagnostic {
  static func unusedTarget(_ name: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .unusedTarget,
      .warning,
      "no route, split or budget leads to target `\(Wording.short(name))`",
      at: span,
      help: "lead to it, remove it, or let clients ask for it with a route `to: requested`"
    )
  }
}
