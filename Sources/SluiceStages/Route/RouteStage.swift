package import SluiceCore
package import SluiceExpressions
import SluiceDialects
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Chooses the target, and with it the primary: the first candidate that the tier may reach and that
/// serves the path.
///
/// Each target that a route can lead to is an exit of its own, so that what a policy decides can
/// be seen in the graph.
package struct RouteStage: Stage {
  /// The exits behind those of the goals.
  enum Refusal: Int, StageExit { case noRoute, refused }

  package let exits: [String]
  private let goals: [RouteTable.Goal]
  /// Of the goals.
  private let names: [String]
  private let table: RouteTable
  private let splits: [TargetIndex: (split: Split, key: Program)]
  private let access: ModelAccess
  private let errors: Counter

  /// Makes the node.
  ///
  /// - Parameters:
  ///   - table: the routes.
  ///   - goals: where they lead, splits resolved; each is an exit of that name.
  ///   - splits: by target; the program gives the key that is to stay with its share.
  ///   - access: what a tier may reach.
  ///   - errors: counts conditions that had no value.
  package init(
    table: RouteTable,
    goals: [(goal: RouteTable.Goal, name: String)],
    splits: [TargetIndex: (split: Split, key: Program)],
    access: ModelAccess,
    errors: Counter
  ) {
    self.table = table
    self.goals = goals.map(\.goal)
    self.splits = splits
    self.access = access
    self.errors = errors
    names = goals.map(\.name)
    exits = names + Refusal.names
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let facts = exchange.facts
    guard let asked = facts.asked else { return refuse(exchange, .internalError) }
    let tier = facts.caller.tier
    var requested: RouteTable.Goal?
    if asked.model != "auto" {
      // A name outside the tier's reach is answered as one that does not exist: what a key may
      // not name it need not know of.
      requested = access.goal(named: asked.model)
      guard let requested, access.primary(of: requested, tier: tier) != nil else {
        return refuse(exchange, .modelNotFound(asked.model))
      }
    }

    let decision = table.decide(&exchange.frame, requested: requested)
    if !decision.errors.isEmpty { errors.increment(by: Int64(decision.errors.count)) }
    guard let route = decision.route, var goal = decision.goal else {
      exchange.refuse(.noRoute)
      exchange.explain(remark(decision, exchange, "no route matches"))
      return exit(.noRoute)
    }
    let routeName = exchange.generation.policy.routes[route].name
    exchange.route = route
    facts.route = routeName

    if case .target(let target) = goal, let (split, key) = splits[target] {
      do throws(EvaluationError) {
        goal = .target(split.target(of: try key.evaluateString(&exchange.frame)))
      } catch {
        errors.increment()
        exchange.explain("\(exchange.policy[target].name): \(error)")
        return refuse(exchange, .policyError(place: "\(exchange.policy[target].place)"))
      }
    }

    guard let position = goals.firstIndex(of: goal) else {
      preconditionFailure("\(exchange.policy.name(of: goal)) has no exit")
    }
    let name = names[position]
    exchange.target = name
    facts.target = name
    guard let primary = access.primary(of: goal, tier: tier, for: asked.service) else {
      guard access.primary(of: goal, tier: tier) != nil else {
        exchange.explain("tier \(tier) may reach no model of \(name)")
        return refuse(exchange, .modelNotAllowed(name))
      }
      exchange.explain("no model of \(name) serves \(asked.service.rawValue)")
      return refuse(exchange, .unsupportedModel(name))
    }
    exchange.primary = primary
    exchange.explain(
      remark(
        decision,
        exchange,
        "route \(routeName) at \(exchange.policy.routes[route].place) to \(name)"
      )
    )
    return ExitIndex(position)
  }

  private func refuse(_ exchange: Exchange, _ error: APIError) -> ExitIndex {
    exchange.refuse(error)
    return exit(.refused)
  }

  private func exit(_ refusal: Refusal) -> ExitIndex {
    ExitIndex(goals.count + refusal.rawValue)
  }

  private func remark(
    _ decision: RouteTable.Decision,
    _ exchange: Exchange,
    _ verdict: String
  ) -> String {
    let failed = decision.errors.map { failure in
      "; \(exchange.policy.routes[failure.route].name) had no value: \(failure.error)"
    }
    return verdict + failed.joined()
  }
}
