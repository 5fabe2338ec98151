import SluiceCore
import SluicePipeline
import Testing

@testable import SluiceStages

@Suite("Verifier")
struct VerifierTests {
  /// A word whose vector has so many signs set.
  private func word(_ text: String, _ set: Int = 0, rarity: Float = 0.5) -> Meaning.Word {
    let signs = (0..<6)
      .map { block -> UInt64 in
        let bits = min(64, max(0, set - block * 64))
        return bits == 64 ? .max : (1 << UInt64(bits)) - 1
      }
    return Meaning.Word(text: text, rarity: rarity, signs: signs)
  }

  private func neighbour(
    _ words: [Meaning.Word],
    cosine: Float,
    id: UInt64 = 1,
    facts: String = "",
    language: Language? = nil,
    agreements: [UInt64: Bool] = [:]
  ) -> Neighbour {
    Neighbour(
      id: id,
      cosine: cosine,
      question: KeptQuestion(
        words: KeptWords(words),
        facts: QuestionFacts(facts).digests,
        language: language?.rawValue ?? 0,
        answer: Digest(of: []),
        expiresAt: .max
      ),
      agreements: agreements
    )
  }

  private func judge(
    _ words: [Meaning.Word],
    _ same: [Neighbour],
    other: Neighbour? = nil,
    text: String = "",
    evidence: Evidence? = nil,
    traffic: WordCounts = WordCounts()
  ) -> Verifier.Verdict {
    Verifier()
      .judge(
        Meaning(vector: [1], words: words),
        QuestionFacts(text),
        Neighbours(same: same, other: other),
        evidence: evidence,
        traffic: traffic
      )
  }

  private func objection(_ verdict: Verifier.Verdict) -> Verifier.Objection? {
    if case .miss(let objection, _) = verdict { objection } else { nil }
  }

  @Test("the same words near by are a hit")
  func hit() {
    let verdict = judge(
      [word("reset"), word("key")],
      [neighbour([word("reset"), word("key")], cosine: 0.9)]
    )
    guard case .hit(let judgement) = verdict else {
      Issue.record("a miss")
      return
    }
    #expect(judgement.neighbour == 1)
    #expect(abs(judgement.score - 0.9) < 1e-5)
  }

  @Test("nothing near, or a fact in the way, is said")
  func nothing() {
    #expect(objection(judge([word("a")], [])) == .nothingNear)
    #expect(objection(judge([word("a")], [neighbour([word("a")], cosine: 0.71)])) == .nothingNear)
    let other = neighbour([word("a")], cosine: 0.9, facts: "5 days")
    #expect(objection(judge([word("a")], [], other: other, text: "6 days")) == .facts(.numbers))
  }

  @Test("opposites are no hit, however near")
  func opposites() {
    let near = neighbour([word("account"), word("deactivate")], cosine: 0.99)
    #expect(objection(judge([word("account"), word("activate")], [near])) == .opposites)
    // Where both sides have both, they tell nothing.
    let both = [word("open"), word("close")]
    #expect(objection(judge(both, [neighbour(both, cosine: 0.99)])) == nil)
  }

  @Test("why is not when; a way may be a place; what tells nothing")
  func questionWords() {
    func ask(_ words: String...) -> [Meaning.Word] {
      words.map { word($0, rarity: AskedForTests.questionWords.contains($0) ? 0 : 0.5) }
    }
    func objection(_ one: [Meaning.Word], _ other: [Meaning.Word]) -> Verifier.Objection? {
      self.objection(judge(one, [neighbour(other, cosine: 0.99)]))
    }
    #expect(objection(ask("why", "war", "end"), ask("when", "war", "end")) == .questionWord)
    #expect(objection(ask("who", "war", "end"), ask("how", "war", "end")) == .questionWord)
    #expect(objection(ask("how", "change", "key"), ask("where", "change", "key")) == nil)
    #expect(objection(ask("what", "change", "key"), ask("why", "change", "key")) == nil)
    #expect(objection(ask("change", "key"), ask("how", "change", "key")) == nil)
  }

  @Test("a rare word that the other side has not is a name, unless the product always says it")
  func names() {
    let rare = word("toronto", 190, rarity: 0.97)
    let near = [neighbour([word("deliver"), word("canada", 0, rarity: 0.5)], cosine: 0.99)]
    #expect(objection(judge([word("deliver"), rare], near)) == .names)
    var traffic = WordCounts()
    for _ in 0..<60 { traffic.add(["toronto"]) }
    #expect(objection(judge([word("deliver"), rare], near, traffic: traffic)) != .names)
    // Misspelt it is the same.
    let misspelt = [
      neighbour([word("deliver"), word("torontto", 190, rarity: 0.97)], cosine: 0.99)
    ]
    #expect(objection(judge([word("deliver"), rare], misspelt)) == nil)
  }

  @Test("a word without its like on the other side takes from the score")
  func gap() {
    let near = [neighbour([word("open"), word("account")], cosine: 0.88)]
    #expect(objection(judge([word("open"), word("account")], near)) == nil)
    #expect(objection(judge([word("open"), word("account"), word("joint", 192)], near)) == .score)
  }

  @Test("without words to compare only near copies hit")
  func wordless() {
    #expect(objection(judge([], [neighbour([], cosine: 0.94)])) == .score)
    #expect(objection(judge([], [neighbour([], cosine: 0.96)])) == nil)
  }

  @Test("another language is no hit")
  func language() {
    let near = [neighbour([word("a")], cosine: 0.99, language: .german)]
    #expect(objection(judge([word("a")], near, text: "how do I do this")) == .language)
  }

  @Test(
    "answers that agree among neighbours add to the score, disagreement on misses takes hits away"
  )
  func evidence() {
    let far = [
      neighbour([word("a")], cosine: 0.83, id: 1, agreements: [2: true, 3: false]),
      neighbour([word("a")], cosine: 0.82, id: 2), neighbour([word("a")], cosine: 0.81, id: 3),
    ]
    var evidence = Evidence(.init(whereRight: 0.95, whereWrong: 0.05))
    #expect(objection(judge([word("a")], far, evidence: evidence)) == .doubt)
    for _ in 0..<60 {
      let judgement = Verifier.Judgement(neighbour: 1, cosine: 0.8, score: 0.8, support: 1)
      evidence.observe(judgement, agrees: true)
    }
    #expect(objection(judge([word("a")], far, evidence: evidence)) == nil)
    #expect(objection(judge([word("a")], far)) == .score)
    for _ in 0..<60 {
      let judgement = Verifier.Judgement(neighbour: 1, cosine: 0.87, score: 0.87, support: 1)
      evidence.observe(judgement, agrees: false)
    }
    #expect(objection(judge([word("a")], far, evidence: evidence)) == .doubt)
  }

  @Test("evidence is a chance, grows with the score, and stays finite")
  func chances() {
    var evidence = Evidence()
    var random = Seeded(seed: 3)
    for _ in 0..<5_000 {
      let score = Float(Double(random.next() % 1_000) / 1_000)
      let judgement = Verifier.Judgement(neighbour: 1, cosine: score, score: score, support: 0)
      evidence.observe(judgement, agrees: random.next() % 2 == 0)
    }
    var last = 0.0
    for score in stride(from: Float(0), through: 1, by: 0.05) {
      let judgement = Verifier.Judgement(neighbour: 1, cosine: score, score: score, support: 0)
      let chance = evidence.chanceRight(judgement)
      #expect(chance >= last && chance <= 1)
      last = chance
    }
  }
}

@Suite("What is asked for")
struct AskedForTests {
  static let questionWords: Set<String> = ["how", "what", "why", "when", "where", "which", "who"]

  private func askedFor(_ text: String) -> AskedFor? {
    AskedFor(
      text.split(separator: " ")
        .map { word in
          Meaning.Word(
            text: String(word),
            rarity: Self.questionWords.contains(String(word)) ? 0 : 0.5,
            signs: []
          )
        }
    )
  }

  @Test("is told by the first question word, a reason also by its name, a measure by none")
  func kinds() {
    #expect(askedFor("how change key") == .way)
    #expect(askedFor("parcel lost where complain") == .way)
    #expect(askedFor("why charge when travel") == .reason)
    #expect(askedFor("what reason charge") == .reason)
    #expect(askedFor("which causes fever") == .reason)
    #expect(askedFor("when parcel arrive") == .time)
    #expect(askedFor("who signed") == .person)
    #expect(askedFor("how long parcel") == nil)
    #expect(askedFor("how") == nil)
    #expect(askedFor("what fee") == nil)
    #expect(askedFor("causes fever") == nil)
  }
}

@Suite("Words of a product's questions")
struct WordCountsTests {
  @Test("never counts fewer than there were, and halves when full")
  func counts() {
    var counts = WordCounts()
    for index in 0..<2_000 { counts.add(["word\(index)", "order", "Order", "orders"]) }
    #expect(counts.count(of: "order") == 2_000)
    #expect((0..<2_000).allSatisfy { counts.count(of: "word\($0)") >= 1 })
    #expect(counts.isCommon("order"))
    #expect(!counts.isCommon("never"))
    for _ in 0..<20_000 { counts.add(["parcel"]) }
    #expect(counts.questions < 1 << 14)
    #expect(counts.isCommon("parcel"))
  }
}

@Suite("Signs of two words")
struct SignCosineTests {
  @Test("equal ones are 1, opposite ones -1, half of them 0")
  func extremes() {
    let all: [UInt64] = [.max, .max]
    #expect(SignCosine.of(all, all) == 1)
    #expect(abs(SignCosine.of(all, [0, 0]) + 1) < 1e-5)
    #expect(abs(SignCosine.of(all, [.max, 0])) < 1e-5)
    #expect(SignCosine.of([], []) == 0)
  }
}
