import SluiceExpressions

extension Policy {
  /// Every expression of the policy, in no particular order.
  package var expressions: [Expression] {
    var all = features.map(\.value) + routes.compactMap(\.condition) + limits.compactMap(\.key)
    for target in targets {
      if case .split(_, let key) = target.kind { all.append(key) }
    }
    all += products.compactMap { $0.cache?.key }
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
  /// Expressions ask, and targets whose candidates hold more and less.
  package var countsTokens: Bool {
    limits.contains { $0.measure.isOfTokens } || targets.contains(where: hasUnequalContexts)
      || expressions.contains { $0.checked.slots.contains(PolicyVariable.promptTokens.slot) }
  }

  private func hasUnequalContexts(_ target: TargetSettings) -> Bool {
    guard case .candidates(let models) = target.kind else { return false }
    return Set(models.map { self[$0].context }).count > 1
  }
}
