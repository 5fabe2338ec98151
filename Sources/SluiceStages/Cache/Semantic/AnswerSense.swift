internal import SluiceCore
internal import SluicePipeline

/// What an answer says, as far as two are compared: its numbers, and the meaning of how it begins.
struct AnswerSense: Sendable, Equatable {
  /// Cosine from which two answers that name the same numbers say the same.
  static let likeness: Float = 0.85

  let vector: [Float]
  let numbers: UInt32

  /// Embeds the beginning of an answer, on this thread, for tens of milliseconds.
  init(of text: String, by embedder: any Embedder) throws(EmbeddingFailure) {
    vector = try embedder.vector(
      of: String(decoding: text.utf8.prefix(Bounds.comparedAnswerBytes), as: UTF8.self)
    )
    numbers = QuestionFacts(text).digests[.numbers]
  }

  init(vector: [Float], numbers: UInt32) {
    self.vector = vector
    self.numbers = numbers
  }

  /// Whether two answers say the same.
  func agrees(with other: AnswerSense) -> Bool {
    guard numbers == other.numbers, vector.count == other.vector.count else { return false }
    return zip(vector, other.vector).reduce(0) { $0 + $1.0 * $1.1 } >= Self.likeness
  }
}

/// The senses of answers that were compared, by the key of the answer: the last few thousand.
struct AnswerSenses: Sendable {
  private var recent: [Digest: AnswerSense] = [:]
  private var older: [Digest: AnswerSense] = [:]

  subscript(key: Digest) -> AnswerSense? {
    get { recent[key] ?? older[key] }
    set {
      if recent.count >= Bounds.answerSenses {
        older = recent
        recent = [:]
      }
      older[key] = nil
      recent[key] = newValue
    }
  }
}
