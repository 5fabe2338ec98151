internal import SluiceCore

/// How much of a sentence's meaning a word carries.
enum WordRarity {
  /// Words that only hold a sentence together, and courtesies; what ends behind an apostrophe too.
  private static let fillers: Set<Substring> = Set(
    """
    a an the is are was were be been being am do does did done have has had i me my we us our you \
    your he she him his her they them their it its this that these those to of in on for and or if \
    at by from as with can could will would should shall may might must about into than then also \
    too very really please just so there here some any get got want need help let know tell hi \
    hello hey pls thanks thank ok okay s re ve ll d m t ya u
    """
    .split(separator: " ")
  )

  /// Words that say what is asked for; kept with a rarity of 0, so that they weigh nothing.
  private static let questionWords: Set<Substring> = [
    "how", "what", "why", "when", "where", "which", "who", "whom", "whose",
  ]

  /// Where the frequent words of BERT's English vocabularies begin: before stand special tokens and
  /// single characters.
  private static let firstWord: Int64 = 1_995
  private static let logarithmOfWords = 10.2577

  static func carriesMeaning(_ word: String) -> Bool { !fillers.contains(word[...]) }

  /// 0 for a question word, 1 with a digit; else by its place in the vocabulary, which is ordered by frequency.
  static func of(_ word: WordPiece.ReadWord) -> Float {
    if questionWords.contains(word.text[...]) { return 0 }
    if word.text.utf8.contains(where: { (0x30...0x39).contains($0) }) { return 1 }
    let rank = max(1, word.greatestID - firstWord)
    return Float(Logarithm.natural(Double(1 + rank)) / logarithmOfWords)
  }
}
