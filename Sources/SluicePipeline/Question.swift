package import SluiceCore

/// What two questions must have in common, however alike they mean, each kind by its digest.
package struct FactDigests: Sendable, Hashable {
  /// A kind of fact; its place in `values`.
  package enum Kind: Int, Sendable, CaseIterable {
    case numbers
    case units
    case dates
    case identifiers
    case quoted
    case code
    case negation
    case script
  }

  private var values: SIMD8<UInt32>

  package init() { values = SIMD8() }

  package subscript(_ kind: Kind) -> UInt32 {
    get { values[kind.rawValue] }
    set { values[kind.rawValue] = newValue }
  }

  /// All of them in one word, for a quick comparison.
  package var word: UInt64 {
    var word: UInt64 = 0xCBF2_9CE4_8422_2325
    for lane in 0..<8 {
      word = (word ^ UInt64(values[lane])) &* 0x9E37_79B9_7F4A_7C15
      word ^= word >> 29
    }
    return word
  }

  /// The first kind in which two differ.
  package func difference(from other: FactDigests) -> Kind? {
    Kind.allCases.first { self[$0] != other[$0] }
  }
}

/// The words of a question as they are kept: some 60 bytes each.
package struct KeptWords: Sendable, Equatable {
  /// The texts one after the other, each behind a byte of its length.
  private let texts: [UInt8]
  /// 255 stands for 1.
  private let rarities: [UInt8]
  private let signs: [UInt64]

  /// Bytes of the text of a word that are kept.
  private static let textBytes = 40

  package init(_ words: [Meaning.Word]) {
    var texts: [UInt8] = []
    for word in words {
      var text = word.text.utf8.prefix(Self.textBytes)
      // Not within a character.
      while text.count < word.text.utf8.count, let end = text.indices.last,
        word.text.utf8[text.index(after: end)] & 0xC0 == 0x80
      {
        text = text.dropLast()
      }
      texts.append(UInt8(text.count))
      texts += text
    }
    self.texts = texts
    rarities = words.map { UInt8(min(255, max(0, $0.rarity * 255)).rounded()) }
    signs = words.flatMap(\.signs)
  }

  package var words: [Meaning.Word] {
    guard !rarities.isEmpty else { return [] }
    let width = signs.count / rarities.count
    var start = 0
    return rarities.indices.map { index in
      let end = start + 1 + Int(texts[start])
      defer { start = end }
      return Meaning.Word(
        text: String(decoding: texts[start + 1..<end], as: UTF8.self),
        rarity: Float(rarities[index]) / 255,
        signs: Array(signs[index * width..<(index + 1) * width])
      )
    }
  }

  /// Puts words together from their parts as `parts` gave them; `nil` where these do not fit.
  package init?(texts: [UInt8], rarities: [UInt8], signs: [UInt64]) {
    var place = 0
    var count = 0
    while place < texts.count {
      place += 1 + Int(texts[place])
      count += 1
    }
    guard place == texts.count, count == rarities.count,
      count == 0 ? signs.isEmpty : signs.count.isMultiple(of: count)
    else { return nil }
    self.texts = texts
    self.rarities = rarities
    self.signs = signs
  }

  /// What they consist of, to be written down.
  package var parts: (texts: [UInt8], rarities: [UInt8], signs: [UInt64]) {
    (texts, rarities, signs)
  }

  /// What it takes in memory, heap headers included.
  package var bytes: Int { texts.count + rarities.count + signs.count * 8 + 3 * 48 }
}

/// A question whose answer is kept, without its text.
package struct KeptQuestion: Sendable, Equatable {
  package let words: KeptWords
  package let facts: FactDigests
  /// Of the language, if it was recognised; 0 if not.
  package let language: UInt8
  /// Under which the answer lies in the cache of replies.
  package let answer: Digest
  /// On the wall clock, in nanoseconds since 1970.
  package let expiresAt: Int64

  package init(
    words: KeptWords,
    facts: FactDigests,
    language: UInt8,
    answer: Digest,
    expiresAt: Int64
  ) {
    self.words = words
    self.facts = facts
    self.language = language
    self.answer = answer
    self.expiresAt = expiresAt
  }
}

/// A kept question near to one that is asked.
package struct Neighbour: Sendable {
  /// Names the kept question while it is kept.
  package let id: UInt64
  package let cosine: Float
  package let question: KeptQuestion
  /// Those whose answers were compared with this one's, and whether they agree.
  package let agreements: [UInt64: Bool]

  package init(id: UInt64, cosine: Float, question: KeptQuestion, agreements: [UInt64: Bool]) {
    self.id = id
    self.cosine = cosine
    self.question = question
    self.agreements = agreements
  }
}

/// What lies near a question.
package struct Neighbours: Sendable {
  /// Nearest first, all with the same facts.
  package var same: [Neighbour]
  /// The nearest of those with other facts, so that a trail can say what was in the way.
  package var other: Neighbour?

  package init(same: [Neighbour], other: Neighbour?) {
    self.same = same
    self.other = other
  }
}

/// An index that keeps nothing.
package struct NoIndex: VectorIndex {
  package init() {}

  package func nearest(
    to vector: [Float],
    with facts: FactDigests,
    in context: Digest,
    count: Int,
    at moment: Moment
  ) -> Neighbours { Neighbours(same: [], other: nil) }

  package func insert(
    _ question: KeptQuestion,
    meaning vector: [Float],
    in context: Digest,
    at moment: Moment
  ) -> UInt64 { 0 }

  package func note(_ agree: Bool, _ one: UInt64, _ other: UInt64) {}
  package func touch(_ id: UInt64) {}
  package func remove(_ id: UInt64) {}
}

/// The kept questions of each context, found by their meaning.
package protocol VectorIndex: Sendable {
  /// The nearest questions of `context`, `count` at most, none of them expired.
  ///
  /// Takes time in proportion to what `context` holds: see Docs/semantic.md.
  func nearest(
    to vector: [Float],
    with facts: FactDigests,
    in context: Digest,
    count: Int,
    at moment: Moment
  ) -> Neighbours

  /// Keeps a question, and lets others go where memory ends, those first that were stored or served
  /// longest ago.
  ///
  /// - Returns: its name.
  func insert(
    _ question: KeptQuestion,
    meaning vector: [Float],
    in context: Digest,
    at moment: Moment
  ) -> UInt64

  /// Remembers whether the answers of two kept questions agree.
  func note(_ agree: Bool, _ one: UInt64, _ other: UInt64)

  /// A question was served, so that it is the last to go.
  func touch(_ id: UInt64)

  /// Forgets a question; nothing if it is not there.
  func remove(_ id: UInt64)
}
