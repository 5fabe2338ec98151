/// What an encoder makes of a text: one vector for the whole, and what its words mean in it.
package struct Meaning: Sendable, Equatable {
  /// A word that carries meaning, as the encoder reads it.
  package struct Word: Sendable, Equatable {
    /// Lower case, without accents.
    package let text: String
    /// How rare it is in the encoder's vocabulary, from above 0 to about 1; 0 for a question word.
    package let rarity: Float
    /// The signs of its vector, a bit a float, set where the float is below zero; zeros fill up the
    /// last.
    ///
    /// A 48th of the floats' size; the cosine of two words is told from them to some 0.04, which
    /// serves the comparison as well as the floats do.
    package let signs: [UInt64]

    package init(text: String, rarity: Float, signs: [UInt64]) {
      self.text = text
      self.rarity = rarity
      self.signs = signs
    }
  }

  /// As long as 1, so that the product of two is their cosine.
  package let vector: [Float]
  /// In their order, without those that only hold a sentence together; question words are there.
  ///
  /// Empty if there are none, if there are more than `Bounds.comparedWords`, and where the encoder
  /// gives one vector a text.
  package let words: [Word]

  package init(vector: [Float], words: [Word]) {
    self.vector = vector
    self.words = words
  }
}
