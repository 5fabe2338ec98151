import SluiceExpressions
import SluicePolicy
import SluiceStages

/// A route that some request can take, its condition made to run.
struct LiveRoute {
  let entry: RouteTable.Entry

  /// The routes of a policy that can be reached: none to which others leave nothing, none whose
  /// condition folded to false, and none behind one that always holds.
  static func all(of policy: Policy) -> [LiveRoute] {
    var live: [LiveRoute] = []
    for (position, route) in policy.routes.enumerated()
    where !policy.unreachableRoutes.contains(position) {
      var condition = route.condition?.checked.program()
      if condition?.constant == .bool(false) { continue }
      if condition?.constant == .bool(true) { condition = nil }
      live.append(
        LiveRoute(
          entry: RouteTable.Entry(
            position: position,
            condition: condition,
            expression: condition == nil ? nil : route.condition?.checked,
            destination: route.destination
          )
        )
      )
      // `to: requested` does not hold for a client that names nothing, so what follows is alive.
      if condition == nil, route.destination != .requested { break }
    }
    return live
  }

  /// Where `routes` lead, splits resolved to their shares; each once, in the order of first use.
  static func goals(of routes: [LiveRoute], in policy: Policy) -> [RouteTable.Goal] {
    var goals: [RouteTable.Goal] = []
    func add(_ goal: RouteTable.Goal) {
      if case .target(let target) = goal, case .split(let shares, _) = policy[target].kind {
        for share in shares { add(.target(share.target)) }
      } else if !goals.contains(goal) {
        goals.append(goal)
      }
    }
    for route in routes {
      switch route.entry.destination {
      case .target(let target): add(.target(target))
      case .requested:
        for position in policy.targets.indices { add(.target(TargetIndex(position))) }
        for position in policy.models.indices { add(.model(ModelIndex(position))) }
      }
    }
    return goals
  }

  /// `hard -> powerful`.
  func summary(in policy: Policy) -> String {
    let destination =
      switch entry.destination {
      case .target(let target): policy[target].name
      case .requested: "requested"
      }
    return "\(policy.routes[entry.position].name) -> \(destination)"
  }
}
