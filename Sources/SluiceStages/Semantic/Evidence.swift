internal import SluiceCore

/// What a product's answers have taught about its scores.
///
/// The score from which answers are right, a guess for each count of agreeing neighbours, as a chance
/// for each of 41 places; each comparison of a fresh answer with a kept one moves it (the idea of
/// vCache, arXiv 2502.03771, with one guess a product instead of one an entry). It begins strict.
/// Comparisons may err: how often is a part of the rule, not learnt.
package struct Evidence: Sendable, Equatable {
  /// How often a comparison says that two answers agree.
  package struct Comparator: Sendable, Equatable {
    /// Where they do.
    package var whereRight = 0.8
    /// Where they do not.
    package var whereWrong = 0.05

    package init() {}

    package init(whereRight: Double, whereWrong: Double) {
      self.whereRight = whereRight
      self.whereWrong = whereWrong
    }
  }

  private static let places = (0...40).map { 0.4 + 0.02 * Double($0) }
  private static let slope = 14.0
  private static let counts = 3

  private let comparator: Comparator
  /// Logarithms of the chances, up to a constant; of each count of agreeing neighbours.
  private var logarithms: [[Double]]
  package private(set) var observations = 0

  package init(_ comparator: Comparator = Comparator()) {
    self.comparator = comparator
    let prior = Self.places.map { place in
      let distance = (place - 0.75) / 0.06
      return -distance * distance / 2
    }
    logarithms = Array(repeating: prior, count: Self.counts)
  }

  /// The chance that a candidate's answer is right.
  package func chanceRight(_ judgement: Verifier.Judgement) -> Double {
    let logarithms = logarithms[min(judgement.support, Self.counts - 1)]
    let greatest = logarithms.max() ?? 0
    var (sum, right) = (0.0, 0.0)
    for (place, logarithm) in zip(Self.places, logarithms) {
      let chance = Logarithm.exponential(logarithm - greatest)
      sum += chance
      right += chance * Self.rightness(judgement.score, place)
    }
    return right / sum
  }

  /// Learns whether a candidate's answer agreed with a fresh one.
  package mutating func observe(_ judgement: Verifier.Judgement, agrees: Bool) {
    observations += 1
    let count = min(judgement.support, Self.counts - 1)
    for index in Self.places.indices {
      let right = Self.rightness(judgement.score, Self.places[index])
      let yes =
        comparator.whereWrong + (comparator.whereRight - comparator.whereWrong) * right
      logarithms[count][index] += Logarithm.natural(max(1e-12, agrees ? yes : 1 - yes))
    }
    let greatest = logarithms[count].max() ?? 0
    for index in Self.places.indices { logarithms[count][index] -= greatest }
  }

  // MARK: Words

  /// Of `words`.
  static let wordCount = 1 + counts * places.count

  /// Its numbers, for a store that outlives the process.
  var words: [UInt64] { [UInt64(observations)] + logarithms.flatMap { $0.map(\.bitPattern) } }

  /// Reads `words`; `nil` if they are none.
  init?(words: ArraySlice<UInt64>) {
    guard words.count == Self.wordCount, let first = words.first, first <= UInt64(Int.max) else {
      return nil
    }
    let numbers = words.dropFirst().map { Double(bitPattern: $0) }
    guard numbers.allSatisfy(\.isFinite) else { return nil }
    self.init()
    observations = Int(first)
    for count in logarithms.indices {
      let start = count * Self.places.count
      logarithms[count] = Array(numbers[start..<start + Self.places.count])
    }
  }

  private static func rightness(_ score: Float, _ place: Double) -> Double {
    1 / (1 + Logarithm.exponential(-slope * (Double(score) - place)))
  }
}

/// How many questions of a product hold a word, roughly: never fewer than there were.
///
/// A count-min sketch, halved when it is full so that what is no longer asked fades. 8 KiB.
package struct WordCounts: Sendable, Equatable {
  private static let rows = 4
  private static let columns = 1_024

  private var cells: [UInt16] = Array(repeating: 0, count: rows * columns)
  package private(set) var questions: UInt32 = 0

  package init() {}

  /// Of `words`: four cells a word, and the count of questions.
  static let wordCount = 1 + rows * columns / 4

  /// Its numbers, for a store that outlives the process.
  var words: [UInt64] {
    var words = [UInt64(questions)]
    for start in stride(from: 0, to: cells.count, by: 4) {
      var word: UInt64 = 0
      for cell in cells[start..<start + 4].reversed() { word = word << 16 | UInt64(cell) }
      words.append(word)
    }
    return words
  }

  /// Reads `words`; `nil` if they are none.
  init?(words: ArraySlice<UInt64>) {
    guard words.count == Self.wordCount, let first = words.first, first < 1 << 14 else {
      return nil
    }
    questions = UInt32(first)
    var cells: [UInt16] = []
    for word in words.dropFirst() {
      for place in 0..<4 as Range<UInt64> {
        cells.append(UInt16(truncatingIfNeeded: word >> (16 * place)))
      }
    }
    self.cells = cells
  }

  /// Counts the words of a question, each once.
  package mutating func add(_ words: some Sequence<String>) {
    for word in Set(words.map(WordForms.stem)) {
      let places = Self.places(of: word)
      let least = places.map { cells[$0] }.min() ?? 0
      for place in places where cells[place] == least { cells[place] += 1 }
    }
    questions += 1
    if questions >= 1 << 14 {
      questions /= 2
      for place in cells.indices { cells[place] /= 2 }
    }
  }

  /// Whether a twentieth of the questions hold a word, of 40 questions at least: then it is none of
  /// those that tell one question from another.
  package func isCommon(_ word: String) -> Bool {
    guard questions >= 40 else { return false }
    return count(of: word) * 20 >= Int(questions)
  }

  package func count(of word: String) -> Int {
    Int(Self.places(of: WordForms.stem(word)).map { cells[$0] }.min() ?? 0)
  }

  private static func places(of word: String) -> [Int] {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
    return (0..<rows).map { $0 * columns + Int(hash >> UInt64($0 * 10 + 20) & 1_023) }
  }
}
