import SluiceCore
import SluicePipeline
import SluicePolicy
import Testing

@testable import SluiceStages

/// Evidence counts hits of one rule.
///
/// Another rule needs another number: `SemanticEvidence.rule`.
@Suite("Version of the rule")
struct RuleVersionTests {
  /// What the rule says of made-up questions, at a bar that the scores lie around.
  private func verdicts() -> String {
    var random = Seeded(seed: 11)
    let words = ["reset", "password", "change", "open", "close", "account", "toronto", "refund"]
    let texts = ["a 3 b", "a b", "not a", "a 5 km", "what is this", "\"a\" b", "a-1 b", ""]
    func word() -> Meaning.Word {
      Meaning.Word(
        text: words[Int.random(in: 0..<words.count, using: &random)],
        rarity: Float(Int.random(in: 30...100, using: &random)) / 100,
        signs: (0..<6).map { _ in random.next() & random.next() & random.next() & random.next() }
      )
    }
    func question() -> [Meaning.Word] {
      (0..<Int.random(in: 0...4, using: &random)).map { _ in word() }
    }
    var lines = ""
    for _ in 0..<400 {
      let kept = QuestionFacts(texts[Int.random(in: 0..<texts.count, using: &random)])
      let asked = QuestionFacts(texts[Int.random(in: 0..<texts.count, using: &random)])
      let common = question()
      let neighbour = Neighbour(
        id: 1,
        cosine: Float(Int.random(in: 70...99, using: &random)) / 100,
        question: KeptQuestion(
          words: KeptWords(common + (Bool.random(using: &random) ? question() : [])),
          facts: kept.digests,
          language: kept.language?.rawValue ?? 0,
          answer: Digest(of: []),
          expiresAt: .max
        ),
        agreements: [:]
      )
      let isSame = kept.digests == asked.digests
      let verdict = Verifier()
        .judge(
          Meaning(vector: [1], words: common + (Bool.random(using: &random) ? question() : [])),
          asked,
          Neighbours(same: isSame ? [neighbour] : [], other: isSame ? nil : neighbour),
          evidence: nil,
          traffic: WordCounts()
        )
      switch verdict {
      case .hit(let judgement): lines += "hit \(Int((judgement.score * 1_000).rounded()))\n"
      case .miss(let objection, let judgement):
        lines += "\(objection) \(judgement.map { Int(($0.score * 1_000).rounded()) } ?? 0)\n"
      }
    }
    return lines
  }

  /// Of each rule, what it says: a new one gets a line here, and its number in `SemanticEvidence.rule`.
  private static let known: [Int: String] = [1: "f11887cfd6ff98d1"]

  @Test("a rule that says something else has another number")
  func version() {
    let digest = Digest(of: Array(verdicts().utf8)).hex.prefix(16)
    #expect(
      Self.known[SemanticEvidence.rule] == String(digest),
      "the rule has changed: raise SemanticEvidence.rule, and add \(digest) under it"
    )
  }
}
