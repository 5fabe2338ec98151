import SluiceExpressions
import SluicePolicy

/// Routes that earlier ones leave nothing to, conditions that decide nothing, and requests that no
/// route takes.
///
/// Decided by subtracting sets of requests (`RouteCover`), not guessed.
struct RouteOrder: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let cover = draft.cover(binder)
    for (position, route) in draft.routes.enumerated() {
      switch cover.verdict(on: position) {
      case .open: break
      case .never:
        binder.unreachableRoutes.insert(position)
        tell(false, route, draft, binder)
      case .always: tell(true, route, draft, binder)
      case .covered(let takers):
        binder.unreachableRoutes.insert(position)
        binder.report(
          .unreachableRoute(
            route.settings.name,
            at: route.nameSpan,
            takers: takers.map { (draft.routes[$0].settings.name, draft.routes[$0].nameSpan) }
          )
        )
      case .undecided:
        binder.report(.reachUndecided(route.settings.name, at: route.conditionSpan))
      }
    }
    tellGap(cover, draft, binder)
  }

  private func tell(
    _ value: Bool,
    _ route: Declared<RouteSettings>,
    _ draft: Draft,
    _ binder: Binder
  ) {
    // A constant was told where it was read.
    guard let condition = route.settings.condition?.checked, condition.program().constant == nil
    else { return }
    let cover = ConditionCover(features: draft.featuresBySlot, names: draft.reachNames(binder))
    binder.report(
      .constantCondition(
        value,
        reason: .decided(value, by: cover.constant(condition)?.subject),
        at: route.conditionSpan
      )
    )
  }

  private func tellGap(_ cover: RouteCover, _ draft: Draft, _ binder: Binder) {
    // A route that could not be bound may be the one that takes the rest.
    let routes = binder.sections[.routes]
    guard routes == nil || routes?.value.sequence?.count == draft.routes.count,
      !binder.sections.policyHeads.isEmpty
    else { return }
    let span = draft.routes.last?.nameSpan ?? routes?.keySpan ?? binder.beginning
    switch cover.gap {
    case .none: break
    case .found(let witness):
      binder.report(.noDefaultRoute(.witness(witness.description), at: span))
    case .undecided(let doubts):
      binder.report(.noDefaultRoute(.undecided(doubts), at: span))
    }
  }
}

/// Conditions of features and kill switches that are the same for every request.
struct ConstantConditions: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    let cover = ConditionCover(features: draft.featuresBySlot, names: draft.reachNames(binder))
    func tell(_ condition: CheckedExpression?, at span: SourceSpan) {
      guard let condition, condition.type == .bool, condition.program().constant == nil,
        let constant = cover.constant(condition)
      else { return }
      binder.report(
        .constantCondition(
          constant.value,
          reason: .decided(constant.value, by: constant.subject),
          at: span
        )
      )
    }
    for feature in draft.features {
      tell(feature.settings.value.checked, at: feature.node?.span ?? feature.nameSpan)
    }
    for killSwitch in draft.killSwitches {
      tell(killSwitch.settings.condition.checked, at: killSwitch.span("when"))
      tell(killSwitch.settings.clearCondition?.checked, at: killSwitch.span("clear_when"))
    }
  }
}

extension String? {
  /// Why one thing alone decides a condition.
  fileprivate static func decided(_ value: Bool, by subject: String?) -> String? {
    subject.map {
      value ? "whatever `\($0)` is, one side holds" : "`\($0)` cannot be all of that at once"
    }
  }
}

extension Declared<RouteSettings> {
  var conditionSpan: SourceSpan { keySpan("when") == nil ? span("match") : span("when") }
}

extension Draft {
  var featuresBySlot: [Int: CheckedExpression] {
    Dictionary(
      features.map { ($0.settings.slot, $0.settings.value.checked) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The routes as sets of requests.
  func cover(_ binder: Binder) -> RouteCover {
    RouteCover(
      routes.map { route in
        RouteCover.Route(
          route.settings.condition?.checked,
          isRequested: route.settings.destination == .requested,
          // A condition that could not be bound says nothing.
          isUnclear: route.settings.condition == nil
            && (route.keySpan("when") != nil || route.keySpan("match") != nil)
        )
      },
      features: featuresBySlot,
      names: reachNames(binder)
    )
  }

  /// The models that requests go to first, of targets that routes lead to.
  var primaries: [Declared<ModelSettings>] {
    let policy = self.policy
    var names: Set<String> = []
    func add(_ target: TargetIndex) {
      switch policy[target].kind {
      case .candidates(let models): if let first = models.first { names.insert(policy[first].name) }
      case .split(let shares, _): for share in shares { add(share.target) }
      }
    }
    for route in policy.routes { if case .target(let target) = route.destination { add(target) } }
    return models.filter { names.contains($0.settings.name) }
  }

  func reachNames(_ binder: Binder) -> ReachNames {
    ReachNames(
      requestable: binder.names(of: .models).all + binder.names(of: .targets).all,
      tiers: binder.names(of: .tiers).all,
      products: binder.names(of: .products).all
    )
  }
}
