package import SluicePipeline

/// Decides whether a question near to another may have its answer.
///
/// Pure: what it needs is handed in. Docs/semantic.md says the rule in words, with its figures.
package struct Verifier: Sendable {
  /// Settings of the rule; the same for every product.
  package struct Rule: Sendable, Equatable {
    /// Cosine below which two questions are not compared.
    package var floor: Float = 0.72
    /// Score that a hit needs.
    package var bar: Float = 0.85
    /// Cosine that a hit needs where words cannot be compared.
    package var wholeBar: Float = 0.95
    /// Chance of a wrong answer that is taken, as far as agreement of answers has told.
    package var doubt: Double = 0.06
    /// What the word that fits worst takes away, at most.
    package var gapWeight: Float = 0.10
    /// What a word that the other side lacks takes away, at most.
    package var unmatchedWeight: Float = 0.01
    /// What a neighbour whose answer agrees adds.
    package var supportWeight: Float = 0.04
    /// Rarity from which a word is taken for a name.
    package var nameRarity: Float = 0.95
    /// Cosine of two words below which one is not the other's name.
    package var nameLikeness: Float = 0.6
    /// Neighbours that are looked at, the nearest included.
    package var neighbours = 3

    package init() {}

    /// The rule with another bar; what cannot be compared word by word needs no less than that.
    package init(bar: Double) {
      self.init()
      self.bar = Float(bar)
      wholeBar = max(wholeBar, self.bar)
    }
  }

  /// Why a near question's answer is not given; told in a trail.
  package enum Objection: Sendable, Equatable {
    case nothingNear
    /// The nearest question differs in a fact.
    case facts(FactDigests.Kind)
    case language
    case opposites
    /// One asks why, the other when, say.
    case questionWord
    case names
    case score
    /// Neighbours' answers, in this product, have not agreed often enough.
    case doubt
    /// Shadows have raised the score that a hit of this product needs.
    case tightened
  }

  package enum Verdict: Sendable, Equatable {
    case hit(Judgement)
    /// A candidate, whose answer is compared with the fresh one when it has come, if there is one.
    case miss(Objection, Judgement?)
  }

  /// How a candidate compared.
  package struct Judgement: Sendable, Equatable {
    package let neighbour: UInt64
    package let cosine: Float
    /// From 0 to 1, higher is surer.
    package let score: Float
    /// How many near neighbours' answers agree with the candidate's: 0, 1 or 2.
    package let support: Int

    package init(neighbour: UInt64, cosine: Float, score: Float, support: Int) {
      self.neighbour = neighbour
      self.cosine = cosine
      self.score = score
      self.support = support
    }
  }

  private let rule: Rule

  package init(_ rule: Rule = Rule()) { self.rule = rule }

  /// How many of the nearest it looks at.
  package var neighbours: Int { rule.neighbours }

  /// Judges the nearest of `neighbours`.
  ///
  /// - Parameters:
  ///   - meaning: of the question, from the encoder.
  ///   - facts: of the question.
  ///   - neighbours: from the index, `neighbours` of the rule at most.
  ///   - evidence: what the product has taught; `nil` where answers are not compared.
  ///   - traffic: words of the product's questions so far.
  /// - Returns: the hit, or what stands against it.
  package func judge(
    _ meaning: Meaning,
    _ facts: QuestionFacts,
    _ neighbours: Neighbours,
    evidence: Evidence?,
    traffic: WordCounts
  ) -> Verdict {
    guard let nearest = neighbours.same.first, nearest.cosine >= rule.floor else {
      if let other = neighbours.other, other.cosine >= rule.floor,
        let kind = facts.digests.difference(from: other.question.facts)
      {
        return .miss(.facts(kind), nil)
      }
      return .miss(.nothingNear, nil)
    }
    let comparison = Comparison(meaning.words, nearest.question.words.words)
    let support =
      evidence == nil
      ? 0
      : neighbours.same.dropFirst().prefix(2).count { nearest.agreements[$0.id] == true }
    let penalty = rule.gapWeight * comparison.gap + rule.unmatchedWeight * comparison.unmatched
    let judgement = Judgement(
      neighbour: nearest.id,
      cosine: nearest.cosine,
      score: min(1, max(0, nearest.cosine - penalty + rule.supportWeight * Float(support))),
      support: support
    )
    if let language = facts.language, nearest.question.language != 0,
      language.rawValue != nearest.question.language
    {
      return .miss(.language, judgement)
    }
    if comparison.hasOpposites { return .miss(.opposites, judgement) }
    if comparison.asksForOther { return .miss(.questionWord, judgement) }
    if hasNames(comparison, traffic) { return .miss(.names, judgement) }
    let isComparable = !comparison.isEmpty
    guard isComparable ? judgement.score >= rule.bar : judgement.cosine >= rule.wholeBar else {
      return .miss(.score, judgement)
    }
    if let evidence, evidence.chanceRight(judgement) < 1 - rule.doubt {
      return .miss(.doubt, judgement)
    }
    return .hit(judgement)
  }

  /// Whether a side has a word that is rare, in the language and in this product, and for which
  /// the other side has none.
  private func hasNames(_ comparison: Comparison, _ traffic: WordCounts) -> Bool {
    comparison.unmatched(likeness: rule.nameLikeness)
      .contains { $0.rarity >= rule.nameRarity && !traffic.isCommon($0.text) }
  }
}

/// Two questions, word by word.
package struct Comparison {
  /// How badly the word fits that fits worst: its rarity times its distance from the other side's
  /// nearest word.
  package private(set) var gap: Float = 0
  /// The rarities of the words that the other side has not, added up.
  package private(set) var unmatched: Float = 0
  package private(set) var hasOpposites = false
  /// Whether both say by a word what they ask for, and differ.
  package let asksForOther: Bool
  /// Whether one side has no words to compare.
  package let isEmpty: Bool

  /// A word that the other side has not, in no form, and how near its nearest there is.
  private var strangers: [(word: Meaning.Word, cosine: Float)] = []

  package init(_ one: [Meaning.Word], _ other: [Meaning.Word]) {
    asksForOther =
      switch (AskedFor(one), AskedFor(other)) {
      case (let first?, let second?): first != second
      default: false
      }
    // Question words weigh nothing.
    let (one, other) = (one.filter { $0.rarity > 0 }, other.filter { $0.rarity > 0 })
    isEmpty = one.isEmpty || other.isEmpty
    guard !isEmpty else { return }
    let stems = (one.map { WordForms.stem($0.text) }, other.map { WordForms.stem($0.text) })
    var best = (
      [Float](repeating: -1, count: one.count), [Float](repeating: -1, count: other.count)
    )
    for (row, word) in one.enumerated() {
      for (column, second) in other.enumerated() {
        let cosine = SignCosine.of(word.signs, second.signs)
        best.0[row] = max(best.0[row], cosine)
        best.1[column] = max(best.1[column], cosine)
      }
    }
    add(one, stems.0, best.0, against: stems.1)
    add(other, stems.1, best.1, against: stems.0)
    let missing = (
      stems.0.filter { !stems.1.contains($0) }, stems.1.filter { !stems.0.contains($0) }
    )
    hasOpposites = missing.0.contains { word in
      missing.1.contains { Opposites.are(word, $0) }
    }
  }

  private mutating func add(
    _ words: [Meaning.Word],
    _ stems: [String],
    _ best: [Float],
    against others: [String]
  ) {
    for (index, word) in words.enumerated() {
      gap = max(gap, word.rarity * (1 - best[index]))
      guard !others.contains(stems[index]) else { continue }
      unmatched += word.rarity
      if !others.contains(where: { WordForms.areKindred(stems[index], $0) }) {
        strangers.append((word, best[index]))
      }
    }
  }

  func unmatched(likeness: Float) -> [Meaning.Word] {
    strangers.filter { $0.cosine < likeness }.map(\.word)
  }
}

/// What a question asks for, where its first question word tells.
enum AskedFor: Sendable {
  /// A way or a place: "where do I change my address" and "how do I" want the same.
  case way
  case reason
  case time
  case person

  /// `nil` without a question word, and where it tells nothing: "what", "how long".
  init?(_ words: [Meaning.Word]) {
    guard let index = words.firstIndex(where: { $0.rarity == 0 }) else { return nil }
    let rest = words[(index + 1)...]
    switch words[index].text {
    case "how":
      guard let next = rest.first, !Self.measures.contains(next.text) else { return nil }
      self = .way
    case "where": self = .way
    case "why": self = .reason
    case "when": self = .time
    case "who", "whom", "whose": self = .person
    default:
      guard rest.contains(where: { Self.reasons.contains($0.text) }) else { return nil }
      self = .reason
    }
  }

  private static let reasons: Set<String> = [
    "reason", "reasons", "cause", "causes", "caused", "causing",
  ]

  /// Behind "how": what is asked for is a quantity or a quality.
  private static let measures: Set<String> = [
    "long", "much", "many", "often", "far", "soon", "fast", "old", "big", "large", "high", "tall",
    "deep", "heavy", "hot", "cold", "good", "bad", "expensive", "hard", "difficult", "safe",
    "likely", "small", "early", "late",
  ]
}

/// The cosine of two vectors of which only the signs are known.
enum SignCosine {
  /// Signs differ in proportion to the angle.
  static func of(_ one: [UInt64], _ other: [UInt64]) -> Float {
    guard one.count == other.count, !one.isEmpty else { return 0 }
    var differing = 0
    for index in one.indices { differing += (one[index] ^ other[index]).nonzeroBitCount }
    return table[min(table.count - 1, differing * (table.count - 1) / (one.count * 64))]
  }

  /// The cosine of 0 to 180 degrees, by Chebyshev's recurrence.
  private static let table: [Float] = {
    let steps = 1_024
    // The cosine of π/1024.
    let first = 0.999_995_293_809_576_2
    var values = [1.0, first]
    while values.count <= steps {
      values.append(2 * first * values[values.count - 1] - values[values.count - 2])
    }
    return values.map { Float($0) }
  }()
}
