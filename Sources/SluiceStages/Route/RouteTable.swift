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
    /// What the condition is made of; without it, nothing is looked up for it.
    package var expression: CheckedExpression?
    package var destination: RouteSettings.Destination

    package init(
      position: Int,
      condition: Program?,
      expression: CheckedExpression? = nil,
      destination: RouteSettings.Destination
    ) {
      self.position = position
      self.condition = condition
      self.expression = expression
      self.destination = destination
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
    /// What is left of the condition once the index found the route; `nil`: nothing.
    let remainder: Program?
    let destination: RouteSettings.Destination
  }

  private let routes: [Route]
  /// Whole, for where the index could not look up.
  private let conditions: [Program?]
  private let index: RouteIndex

  package init(_ entries: [Entry]) {
    let index = RouteIndex(entries.map { $0.expression?.requirements ?? [:] })
    // Long lists say the same of many products: what is left of their conditions is one program,
    // which then lies in the processor's caches.
    var remainders: [String: Program?] = [:]
    routes = entries.enumerated()
      .map { number, entry in
        var left = entry.condition
        if let expression = entry.expression, !index.settled[number].isEmpty {
          let remainder = expression.remainder(settled: index.settled[number])
          let text = remainder.text
          left = remainders[text] ?? remainder.program()
          remainders[text] = .some(left)
        }
        return Route(position: entry.position, remainder: left, destination: entry.destination)
      }
    conditions = entries.map(\.condition)
    self.index = index
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
      let condition =
        candidates.isSettled ? routes[candidate].remainder : conditions[candidate]
      if let condition {
        do throws(EvaluationError) {
          guard try condition.evaluateBool(&frame) else { continue }
        } catch {
          decision.errors.append((position, error))
          continue
        }
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
