import SluiceExpressions

extension Policy {
  /// Every expression of the policy, in no particular order.
  package var expressions: [Expression] {
    var all = features.map(\.value) + routes.compactMap(\.condition) + limits.compactMap(\.key)
    for target in targets {
      if case .split(_, let key) = target.kind { all.append(key) }
    }
    all += products.flatMap { [$0.cache?.key, $0.cache?.tagging].compactMap(\.self) }
    all += budgets.compactMap(\.key)
    for killSwitch in killSwitches {
      all.append(killSwitch.condition)
      all += [killSwitch.clearCondition, killSwitch.key].compactMap { $0 }
    }
    return all
  }

  /// Whether something of the policy asks how many tokens a prompt has, so that a table of tokens
  /// must be there.
  ///
  /// Limits of tokens and expressions ask, and targets that a route leads to and whose candidates
  /// hold more and less.
  package var countsTokens: Bool {
    limits.contains { $0.measure.isOfTokens } || reachedTargets.contains(where: hasUnequalContexts)
      || expressions.contains { $0.checked.slots.contains(PolicyVariable.promptTokens.slot) }
  }

  /// Where the routes lead, splits resolved to their shares.
  private var reachedTargets: [TargetSettings] {
    var reached = Set<TargetIndex>()
    for route in routes {
      switch route.destination {
      case .requested: return targets
      case .target(let target):
        if case .split(let shares, _) = self[target].kind {
          reached.formUnion(shares.map(\.target))
        } else {
          reached.insert(target)
        }
      }
    }
    return reached.map { self[$0] }
  }

  private func hasUnequalContexts(_ target: TargetSettings) -> Bool {
    guard case .candidates(let models) = target.kind else { return false }
    return Set(models.map { self[$0].context }).count > 1
  }
}
