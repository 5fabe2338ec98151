package import SluiceCore

/// The place of an exit in its node's list of exits.
package struct ExitIndex: Hashable, Sendable {
  package let position: Int
  package init(_ position: Int) { self.position = position }
}

/// The exits of a stage, as an enum whose raw values are their places: `enum Exit: Int, StageExit`.
package protocol StageExit: RawRepresentable<Int>, CaseIterable, Sendable {}

extension StageExit {
  /// Where this exit stands in the node's list.
  package var index: ExitIndex { ExitIndex(rawValue) }
  /// The names of all exits, in their order: the case names, with `_` for the humps.
  package static var names: [String] {
    allCases.map { exit in
      "\(exit)"
        .reduce(into: "") { name, letter in
          if letter.isUppercase { name += "_" }
          name += letter.lowercased()
        }
    }
  }
}

/// What a node does with an exchange, decided from memory.
///
/// Most stages are of this kind: no suspension points, so no reentrancy to think about. A stage
/// holds settings and handles, never counters: what it remembers sits in a store under a stable
/// name, so that a reload cannot reset it.
package protocol Stage: Sendable {
  /// The names of the exits, in the order of their indices.
  var exits: [String] { get }

  /// Looks at the exchange, may edit it, and says by which exit it leaves.
  ///
  /// `moment` is the time at which the runner reached the node; no stage reads a clock.
  func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex
}

/// A stage that must wait: for an upstream, or for another exchange's answer.
package protocol WaitingStage: Sendable {
  var exits: [String] { get }

  /// As `Stage.decide`; runs on the exchange's loop and returns there.
  func decide(_ exchange: Exchange) async -> ExitIndex
}

/// Something that must happen when the exchange ends, whatever ended it.
///
/// A stage that took something (a place in flight, the lead of a flight) hands one to
/// `Exchange.atEnd(_:)`; the runner calls each exactly once, last given first.
package protocol Obligation: Sendable {
  func finish(_ exchange: Exchange, at moment: Moment)
}
