package import SluicePolicy
import SluiceStages

/// A route that some request can take, and the models that may answer for it.
package struct RouteReach: Sendable, Equatable {
  package let route: String
  /// Each once, in the order of the policy.
  package let models: [ModelIndex]
}

extension Compiler {
  /// What the live routes of a policy lead to, whatever the tier of who asks.
  package static func reach(of policy: Policy) -> [RouteReach] {
    LiveRoute.all(of: policy)
      .map { route in
        var models: [ModelIndex] = []
        for goal in LiveRoute.goals(of: [route], in: policy) {
          let candidates =
            switch goal {
            case .target(let target): policy.candidates(of: target)
            case .model(let model): [model]
            }
          for model in candidates where !models.contains(model) { models.append(model) }
        }
        return RouteReach(route: policy.routes[route.entry.position].name, models: models)
      }
  }
}
