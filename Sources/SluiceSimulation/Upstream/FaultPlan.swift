internal import Synchronization

package import SluicePipeline

/// Says how an upstream treats each attempt.
package protocol AttemptScript: Sendable {
  /// The behaviour of attempt `number` at the upstream, from 0.
  mutating func behaviour(
    ofAttempt number: Int,
    _ request: UpstreamRequest,
    at monotonic: Int64,
    _ random: inout SeededRandom
  ) -> Behaviour
}

/// Which behaviour each attempt gets: listed, then drawn from a seed.
package struct FaultPlan: AttemptScript {
  /// For the first attempts, in their order.
  package var listed: [Behaviour]
  /// How many attempts in a hundred meet a fault, after the listed ones.
  package var percent: Int
  /// What may be drawn; must not be empty if `percent` is above nothing.
  package var faults: [Fault]
  /// Nanoseconds to the head of a drawn reply.
  package var headDelay: ClosedRange<Int64>
  package var gap: ClosedRange<Int64>
  package var pieces: ClosedRange<Int>
  /// No fault is drawn at or after this time on the monotonic clock.
  package var faultsEnd: Int64

  package init(
    listed: [Behaviour] = [],
    percent: Int = 0,
    faults: [Fault] = Fault.all,
    headDelay: ClosedRange<Int64> = 1_000_000...40_000_000,
    gap: ClosedRange<Int64> = 0...5_000_000,
    pieces: ClosedRange<Int> = 1...5,
    faultsEnd: Int64 = .max
  ) {
    self.listed = listed
    self.percent = percent
    self.faults = faults
    self.headDelay = headDelay
    self.gap = gap
    self.pieces = pieces
    self.faultsEnd = faultsEnd
  }

  /// No faults at all.
  package static let quiet = FaultPlan()

  /// A plan drawn from `random`: quiet, one kind of fault, or all of them.
  package static func random(_ random: inout SeededRandom) -> FaultPlan {
    var plan = FaultPlan()
    switch Int.random(in: 0..<4, using: &random) {
    case 0: break
    case 1:
      plan.percent = 60
      plan.faults = [random.pick(Fault.all)]
    case 2:
      plan.percent = 100
      plan.faults = [random.pick(Fault.all)]
    default:
      plan.percent = Int.random(in: 5...50, using: &random)
    }
    return plan
  }

  /// The behaviour of attempt `number`, from 0.
  package func behaviour(
    ofAttempt number: Int,
    _ request: UpstreamRequest,
    at monotonic: Int64,
    _ random: inout SeededRandom
  ) -> Behaviour {
    if number < listed.count { return listed[number] }
    var behaviour = Behaviour(
      headDelay: Int64.random(in: headDelay, using: &random),
      pieces: Int.random(in: pieces, using: &random),
      gap: Int64.random(in: gap, using: &random)
    )
    if monotonic < faultsEnd, random.chance(percent) { behaviour.fault = random.pick(faults) }
    return behaviour
  }
}
