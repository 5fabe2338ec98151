package import SluiceExpressions
package import SluicePolicy

/// Which target a request goes to: first match wins.
///
/// A pure machine: programs, frame and names in, a decision out. Stateless and immutable.
package struct RouteTable: Sendable {
  package struct Entry: Sendable {
    /// In `Policy.routes`.
    package var position: Int
    /// `nil`: always.
    package var condition: Program?
    package var destination: RouteSettings.Destination

    package init(position: Int, condition: Program?, destination: RouteSettings.Destination) {
      self.position = position
      self.condition = condition
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

  private let entries: [Entry]

  package init(_ entries: [Entry]) { self.entries = entries }

  /// The first entry whose condition holds.
  ///
  /// Complexity: linear in the entries before the match.
  ///
  /// - Parameters:
  ///   - frame: of the exchange.
  ///   - requested: what the client named; `nil` for `auto`, which `to: requested` does not match.
  /// - Returns: the route, where it leads, and which conditions had no value.
  package func decide(_ frame: inout Frame, requested: Goal?) -> Decision {
    var decision = Decision()
    for entry in entries {
      if let condition = entry.condition {
        do throws(EvaluationError) {
          guard try condition.evaluateBool(&frame) else { continue }
        } catch {
          decision.errors.append((entry.position, error))
          continue
        }
      }
      switch entry.destination {
      case .target(let target): decision.goal = .target(target)
      case .requested:
        guard let requested else { continue }
        decision.goal = requested
      }
      decision.route = entry.position
      return decision
    }
    return decision
  }
}
