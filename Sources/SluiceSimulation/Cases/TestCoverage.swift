package import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceStages

/// What the cases of a bundle have seen of its policy.
///
/// Routes taken, conditions seen to hold and not to hold, and exits of nodes. Lowering makes many
/// nodes of one line of a policy (a breaker for each candidate and try, a cache for each target):
/// exits are counted by that line, not by its copies. What no line says, and exits that nothing can
/// take under this policy, are not counted.
package struct TestCoverage: Sendable {
  package enum Kind: String, Sendable, CaseIterable { case routes, exits, conditions }

  package struct Item: Sendable, Equatable {
    package var kind: Kind
    /// `route simple`, `limit per-user: refused`, `when of route simple: false`.
    package var name: String
    package var place: SourcePlace
    package var isSeen: Bool
  }

  /// In the order of the pipeline, then of the files.
  package private(set) var items: [Item] = []
  private var indexes: [String: Int] = [:]
  private let policy: Policy
  private let graph: Graph

  init(of policy: Policy, _ graph: Graph) {
    self.policy = policy
    self.graph = graph
    for route in policy.routes { add(.routes, "route \(route.name)", route.place) }
    for unit in units(of: graph) {
      for exit in unit.exits { add(.exits, "\(unit.name): \(exit)", unit.place) }
    }
    for route in policy.routes where Self.isOpen(route) {
      addCondition("when of route \(route.name)", route.place)
    }
    for feature in policy.features where feature.value.checked.type == .bool {
      addCondition("feature \(feature.name)", feature.place)
    }
    for killSwitch in policy.killSwitches {
      addCondition("when of kill switch \(killSwitch.name)", killSwitch.place)
    }
  }

  package func count(of kind: Kind) -> (seen: Int, all: Int) {
    let own = items.filter { $0.kind == kind }
    return (own.count { $0.isSeen }, own.count)
  }

  package var seen: Int { items.count { $0.isSeen } }

  /// From 0 to 100, rounded down to a tenth.
  package var percent: Double {
    items.isEmpty ? 100 : Double(seen * 1_000 / items.count) / 10
  }

  /// Whether at least so many millionths were seen.
  package func reaches(millionths: Int) -> Bool { seen * 1_000_000 >= items.count * millionths }

  // MARK: Seeing

  /// Takes in what one case has seen.
  mutating func see(_ run: CaseRun, _ walks: [CaseWalk]) {
    for walk in walks { see(walk) }
    let history = run.history.run
    for killSwitch in policy.killSwitches {
      let owner = "switch.\(killSwitch.name)"
      let settled = history.holds.count { hold in
        !hold.settlements.isEmpty && hold.claim.series.contains { $0.owner == owner }
      }
      let tripped = history.switchTurns.count { turn in
        turn.transition.name == killSwitch.name && turn.transition.kind != .off
      }
      let name = "when of kill switch \(killSwitch.name)"
      if tripped > 0 { see("\(name): true") }
      if settled > tripped { see("\(name): false") }
    }
  }

  private mutating func see(_ walk: CaseWalk) {
    for step in walk.steps {
      let node = graph[step.node]
      see("\(Self.label(node)): \(node.exits[step.exit.position].name)", at: node.place)
      guard node.kind == .route else { continue }
      let exit = node.exits[step.exit.position].name
      // Refused before the routes were asked: what the client names does not exist.
      guard walk.route != nil || exit == "no_route" else { continue }
      see(routes: walk.route)
    }
    for (name, value) in walk.features { see("feature \(name): \(value)") }
  }

  /// The routes up to the one that was taken; all of them, if none was.
  private mutating func see(routes taken: Int?) {
    for (position, route) in policy.routes.enumerated() {
      if position == taken {
        see("route \(route.name)")
        see("when of route \(route.name): true")
        return
      }
      // That it was not taken says nothing of its condition: the client named nothing.
      guard route.destination != .requested else { continue }
      see("when of route \(route.name): false")
    }
  }

  private mutating func see(_ name: String, at place: SourcePlace? = nil) {
    let key = place.map { "\(name) \($0)" } ?? name
    guard let index = indexes[key] else { return }
    items[index].isSeen = true
  }

  // MARK: What there is to see

  private mutating func add(_ kind: Kind, _ name: String, _ place: SourcePlace) {
    let key = kind == .exits ? "\(name) \(place)" : name
    guard indexes[key] == nil else { return }
    indexes[key] = items.count
    items.append(Item(kind: kind, name: name, place: place, isSeen: false))
  }

  private mutating func addCondition(_ name: String, _ place: SourcePlace) {
    add(.conditions, "\(name): true", place)
    add(.conditions, "\(name): false", place)
  }

  /// Whether a route's condition can hold and not hold.
  private static func isOpen(_ route: RouteSettings) -> Bool {
    route.condition.map { $0.checked.program().constant == nil } ?? false
  }

  /// The nodes that one line of the policy was made into, with all their exits.
  private struct Unit {
    var name: String
    var place: SourcePlace
    var exits: [String]
  }

  private func units(of graph: Graph) -> [Unit] {
    var units: [Unit] = []
    for node in graph.nodes where node.place != .builtIn {
      let name = Self.label(node)
      let exits = node.exits.map(\.name).filter { canLeave(node, by: $0) }
      if let index = units.firstIndex(where: { $0.name == name && $0.place == node.place }) {
        for exit in exits where !units[index].exits.contains(exit) {
          units[index].exits.append(exit)
        }
      } else {
        units.append(Unit(name: name, place: node.place, exits: exits))
      }
    }
    return units
  }

  /// Whether anything can take an exit under this policy.
  private func canLeave(_ node: Node, by exit: String) -> Bool {
    switch (node.kind, exit) {
    case (.identity, "known"): policy.identity.keys != nil
    case (.identity, "anonymous"): policy.identity.anonymous != nil
    case (.switches, "cache_only"):
      policy.killSwitches.contains { $0.action == .cacheOnly && $0.isKnownEarly }
    case (.switches, "denied"):
      policy.killSwitches.contains { $0.action == .deny && $0.isKnownEarly }
    case (.route, "no_route"):
      policy.routes.allSatisfy { $0.condition != nil || $0.destination == .requested }
    case (.breaker, "unhealthy"):
      policy.upstreams.contains { $0.place == node.place && $0.healthCheck != nil }
    // What stands in front of an attempt has asked the same.
    case (.attempt, "skipped"):
      policy.budgets.isEmpty && policy.killSwitches.isEmpty
        && policy.models.contains { model in
          model.place == node.place
            && policy.upstreams.contains { $0.name == model.upstream && $0.breaker == nil }
        }
    case (.hold, "skipped"): policy.upstreams.contains { $0.breaker == nil }
    default: true
    }
  }

  /// What the copies of a node are called together: `limit per-user`, `breaker`, `attempt gpt-4`.
  private static func label(_ node: Node) -> String {
    switch node.kind {
    case .limit: node.name.split(separator: " ").prefix(2).joined(separator: " ")
    case .attempt: "attempt \(model(node))"
    case .identity, .switches, .request, .count, .models, .route, .cache, .semantic, .breaker,
      .hold, .retry,
      .settle, .store, .stale, .lookup, .refuse:
      node.kind.rawValue
    }
  }

  /// The model of a candidate's node: `attempt fast/gpt-4 try 2`.
  private static func model(_ node: Node) -> Substring {
    let name = node.name.split(separator: "/", maxSplits: 1).last ?? ""
    return name.split(separator: " ").first ?? ""
  }
}
