import SluicePolicy

/// What each bar accepts of what was judged, and how much of that is wrong.
struct BarCounts: Sendable, Equatable {
  private var accepted: [Int]
  private var wrong: [Int]
  /// All that was judged, whatever it scored.
  private(set) var judged = 0

  init() {
    accepted = SemanticEvidence.bars.map { _ in 0 }
    wrong = accepted
  }

  /// Counts one that is accepted from a place of `SemanticEvidence.bars` on; `nil`: nowhere.
  mutating func add(from strictest: Int?, isSame: Bool) {
    judged += 1
    guard let strictest else { return }
    for index in strictest..<accepted.count {
      accepted[index] += 1
      if !isSame { wrong[index] += 1 }
    }
  }

  /// Strictest first, without those that accept nothing.
  var points: [SemanticEvidence.Point] {
    SemanticEvidence.bars.indices
      .filter { accepted[$0] > 0 }
      .map {
        SemanticEvidence.Point(
          bar: SemanticEvidence.bars[$0],
          accepted: accepted[$0],
          wrong: wrong[$0]
        )
      }
  }
}
