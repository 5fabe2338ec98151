package import SluiceExpressions
package import SluicePolicy

/// Which target a request goes to: first match wins.
///
/// A pure machine: programs, frame and names in, a decision out. Stateless and immutable.
///
/// What routes require of a request's attributes is looked up first (`RouteIndex`), and only those
/// that may hold are evaluated. The decision is the one of going through the list, errors included:
/// a route that is passed over would have been false, and not an error.
package struct RouteTable: Sendable {
  package struct Entry: Sendable {
    /// In `Policy.routes`.
    package var position: Int
    /// `nil`: always.
    package var condition: Program?
    package var destination: RouteSettings.Destination
    /// What the condition requires, as `CheckedExpression.requirements` has it; empty: anything.
    package var requirements: [Int: Set<FiniteValue>]

    package init(
      position: Int,
      condition: Program?,
      destination: RouteSettings.Destination,
      requirements: [Int: Set<FiniteValue>] = [:]
    ) {
      self.position = position
      self.condition = condition
      self.destination = destination
      self.requirements = requirements
    }
  }

  /// What a route, or a client, can lead to.
  package enum Goal: Hashable, Sendable {
    case target(TargetIndex)
    /// A model that the client named, as a target of one candidate.
    case model(ModelIndex)
  }

  package struct Decision: Sendable {
    /// In `Policy.routes`; `nil`: no route matches.
    package var route: Int?
    package var goal: Goal?
    /// Conditions that had no value, which counts as no match.
    package var errors: [(route: Int, error: EvaluationError)] = []
  }

  /// What a decision reads of an entry.
  private struct Route: Sendable {
    let position: Int
    let condition: Program?
    let destination: RouteSettings.Destination
  }

  private let routes: [Route]
  private let index: RouteIndex

  package init(_ entries: [Entry]) {
    routes = entries.map {
      Route(position: $0.position, condition: $0.condition, destination: $0.destination)
    }
    index = RouteIndex(entries.map(\.requirements))
  }

  /// The first entry whose condition holds.
  ///
  /// Complexity: linear in the entries before the match that may hold for the request's attributes.
  ///
  /// - Parameters:
  ///   - frame: of the exchange.
  ///   - requested: what the client named; `nil` for `auto`, which `to: requested` does not match.
  /// - Returns: the route, where it leads, and which conditions had no value.
  package func decide(_ frame: inout Frame, requested: Goal?) -> Decision {
    var decision = Decision()
    var candidates = index.candidates(&frame)
    while let candidate = index.next(&candidates) {
      let position = routes[candidate].position
      do throws(EvaluationError) {
        guard try routes[candidate].condition?.evaluateBool(&frame) ?? true else { continue }
      } catch {
        decision.errors.append((position, error))
        continue
      }
      switch routes[candidate].destination {
      case .target(let target): decision.goal = .target(target)
      case .requested:
        guard let requested else { continue }
        decision.goal = requested
      }
      decision.route = position
      return decision
    }
    return decision
  }
}
