import SluiceCore
import SluicePolicy
import SluiceTestSupport
import Testing

@Suite("Evidence")
struct SemanticEvidenceTests {
  private func evidence(_ points: [(Double, Int, Int)]) -> SemanticEvidence {
    SemanticEvidence(
      product: "support",
      encoder: Digest(of: []),
      measured: CivilDate(year: 2026, month: 1, day: 31),
      source: .pairs,
      points: points.map { SemanticEvidence.Point(bar: $0.0, accepted: $0.1, wrong: $0.2) }
    )
  }

  private func bar(_ points: [(Double, Int, Int)], _ maxWrong: Double = 0.01) -> Double? {
    if case .supports(let point) = evidence(points).reading(for: maxWrong) {
      point.bar
    } else {
      nil
    }
  }

  @Test("supports the lowest bar whose counts bound the share, and no lower one behind a failure")
  func lowest() {
    #expect(bar([(0.95, 299, 0), (0.9, 480, 1), (0.85, 600, 5)]) == 0.9)
    // 3,000 with 5 wrong would do by themselves; but the sequence ended before.
    #expect(bar([(0.95, 700, 0), (0.9, 800, 5), (0.85, 3_000, 5)]) == 0.95)
    #expect(bar([(0.95, 299, 0)], 0.05) == 0.95)
  }

  @Test("begins where enough are accepted, and more than enough where there is plenty")
  func beginning() {
    // One wrong among the strictest is borne where two would be.
    #expect(bar([(0.99, 300, 1), (0.95, 640, 2), (0.9, 1_400, 5)]) == 0.9)
    // There is not twice as much as that here: the first 300 must do, and do not.
    #expect(bar([(0.99, 300, 1), (0.95, 640, 2)]) == nil)
    let reading = evidence([(0.99, 300, 1), (0.95, 640, 2)]).reading(for: 0.01)
    #expect(reading == .exceeded(.init(bar: 0.99, accepted: 300, wrong: 1)))
  }

  @Test("is too thin below what even none wrong would take")
  func thin() {
    #expect(evidence([(0.9, 100, 0), (0.8, 298, 0)]).reading(for: 0.01) == .tooThin(accepted: 298))
    #expect(evidence([]).reading(for: 0.01) == .tooThin(accepted: 0))
    #expect((0...2).map { SemanticEvidence.needed(wrong: $0, for: 0.01) } == [299, 473, 628])
  }

  @Test(
    "picks a bar that is not good enough in at most a twentieth of all samples",
    arguments: [600, 3_000]
  )
  func level(judged: Int) {
    var random = SplitMix(seed: UInt64(judged))
    /// Wrong ever more often as the score falls: 1 % of what 0.84 accepts, more below.
    func isWrong(_ score: Double) -> Bool {
      let chance = score > 0.84 ? 0.01 : 0.03
      return Double.random(in: 0..<1, using: &random) < chance
    }
    var mistakes = 0
    var picks = 0
    let rounds = 400
    for _ in 0..<rounds {
      var accepted = SemanticEvidence.bars.map { _ in 0 }
      var wrong = accepted
      for _ in 0..<judged {
        let score = Double.random(in: 0.6..<1, using: &random)
        let isWrong = isWrong(score)
        guard let place = SemanticEvidence.bars.firstIndex(where: { score >= $0 }) else { continue }
        accepted[place] += 1
        if isWrong { wrong[place] += 1 }
      }
      for place in accepted.indices.dropFirst() {
        accepted[place] += accepted[place - 1]
        wrong[place] += wrong[place - 1]
      }
      let points = SemanticEvidence.bars.indices
        .map { (SemanticEvidence.bars[$0], accepted[$0], wrong[$0]) }
      // Every bar is wrong in 1 % at least, so a bound of 0.99 % holds nowhere.
      if bar(points, 0.0099) != nil { mistakes += 1 }
      if bar(points, 0.03) != nil { picks += 1 }
    }
    #expect(mistakes <= rounds / 20 + 12, "\(mistakes) of \(rounds)")
    #expect(judged < 1_000 || picks > rounds / 2, "\(picks) of \(rounds)")
  }
}
