package import SluiceCore
package import SluicePipeline

/// Makes vectors of words by their hashes, so that texts are as near as they share words.
///
/// Answers at once and the same whatever the seed.
package struct ScriptedEmbedder: Embedder {
  package init() {}

  package let dimension = 64
  package let tokenLimit = 256
  package var fingerprint: Digest { Digest(of: Array("scripted".utf8)) }

  package func embed(
    _ text: String,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async throws(EmbeddingFailure) -> Meaning {
    let words = Self.words(of: text)
    guard words.count <= tokenLimit else { throw .tooLong }
    return Meaning(
      vector: try vector(of: text),
      words: words.count > Bounds.comparedWords
        ? []
        : words.map { Meaning.Word(text: $0, rarity: 0.5, signs: [Self.hash(of: $0)]) }
    )
  }

  package func vector(of text: String) throws(EmbeddingFailure) -> [Float] {
    var sums = [Float](repeating: 0, count: dimension)
    for word in Self.words(of: text) {
      let hash = Self.hash(of: word)
      for bit in 0..<dimension { sums[bit] += hash >> UInt64(bit) & 1 == 1 ? 1 : -1 }
    }
    let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 0 else { throw .failed("a text without words has no direction") }
    return sums.map { $0 / length }
  }

  private static func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map { String($0) }
  }

  private static func hash(of word: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
    return hash ^ hash >> 33
  }
}
