package import SluiceCore

/// A kept answer that is given to another question than its own.
package struct SemanticMatch: Sendable, Equatable {
  /// The key that it is kept under.
  package let answer: Digest
  /// The score of the two questions, from 0 to 1.
  package let similarity: Double
}

extension SemanticMatch {
  init(answer: Digest, _ judgement: Verifier.Judgement) {
    self.answer = answer
    similarity = Double(min(1, max(0, judgement.score)))
  }
}
