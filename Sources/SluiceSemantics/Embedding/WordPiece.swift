/// Turns texts into the token ids of BERT's uncased models.
///
/// Equal to Hugging Face's `tokenizers` with `BertNormalizer` and `BertPreTokenizer`, with one
/// choice of its own: what is written like a special token (`[SEP]`) is text, as in
/// `encode_special_tokens`, so that no client can write one.
package struct WordPiece: Sendable {
  /// More characters make a word unknown.
  static let wordCharacters = 100

  private let text = BERTText.shared
  private let vocabulary: PieceVocabulary
  private let unknown: Int64
  private let begin: Int64
  private let end: Int64

  /// Reads a `vocab.txt`: a token a line, its number the line's.
  ///
  /// - Returns: `nil` if it lacks `[UNK]`, `[CLS]` or `[SEP]`.
  package init?(vocabulary file: [UInt8]) {
    var special: [String: Int64] = [:]
    vocabulary = PieceVocabulary(file) { special[$0] = Int64($1) }
    guard let unknown = special["[UNK]"], let begin = special["[CLS]"], let end = special["[SEP]"]
    else { return nil }
    self.unknown = unknown
    self.begin = begin
    self.end = end
  }

  /// The ids of a text between `[CLS]` and `[SEP]`, `limit` together at most.
  ///
  /// Takes time linear in the text, or in as much of it as makes `limit` tokens. The limit is 2 at
  /// least.
  ///
  /// - Returns: the ids, and whether the text has more.
  package func encode(
    _ string: String,
    upTo limit: Int
  ) -> (ids: [Int64], isTruncated: Bool) {
    precondition(limit >= 2, "the first and the last token are always there")
    var ids = [begin]
    var word = Word()
    for scalar in string.unicodeScalars {
      let point = scalar.value
      switch text.kind(of: point) {
      case .plain: word.append(point)
      case .dropped: continue
      case .space: finish(&word, &ids)
      case .alone: append(alone: point, &word, &ids)
      case .hangul:
        let (first, second, third) = BERTText.parts(ofSyllable: point)
        word.append(first)
        word.append(second)
        if let third { word.append(third) }
      case .replaced:
        if point < 0x80 {
          word.append(point | 0x20)
        } else {
          for other in text.replacement(of: point) {
            if text.kind(of: other) == .alone {
              append(alone: other, &word, &ids)
            } else {
              word.append(other)
            }
          }
        }
      }
      if ids.count >= limit { break }
    }
    finish(&word, &ids)
    let isTruncated = ids.count >= limit
    if isTruncated { ids.removeSubrange((limit - 1)...) }
    ids.append(end)
    return (ids, isTruncated)
  }

  /// A word of a text, put together again from its pieces.
  struct ReadWord: Equatable {
    var text: String
    /// Where its ids stand.
    var places: Range<Int>
    /// The greatest of its ids; vocabularies name frequent pieces first.
    var greatestID: Int64
  }

  /// The words that ids were made of, without punctuation, what begins and ends them, and what is
  /// unknown.
  func words(of ids: [Int64]) -> [ReadWord] {
    var words: [ReadWord] = []
    // Whether the pieces that follow belong to the last of `words`.
    var isOpen = false
    for (place, id) in ids.enumerated() {
      guard id != begin, id != end, id != unknown, let piece = vocabulary.piece(id) else {
        isOpen = false
        continue
      }
      if piece.isContinuing, isOpen {
        words[words.count - 1].text += piece.text
        words[words.count - 1].places = words[words.count - 1].places.lowerBound..<place + 1
        words[words.count - 1].greatestID = max(words[words.count - 1].greatestID, id)
      } else {
        isOpen = piece.text.unicodeScalars.contains { text.isPartOfWord($0.value) }
        if isOpen {
          words.append(ReadWord(text: piece.text, places: place..<place + 1, greatestID: id))
        }
      }
    }
    return words
  }

  private func append(alone point: UInt32, _ word: inout Word, _ ids: inout [Int64]) {
    finish(&word, &ids)
    word.append(point)
    finish(&word, &ids)
  }

  /// Cuts the word into the longest pieces that the vocabulary has, from its beginning on.
  private func finish(_ word: inout Word, _ ids: inout [Int64]) {
    guard word.count > 0 else { return }
    defer { word.clear() }
    let first = ids.count
    var start = 0
    if word.count <= Self.wordCharacters {
      while start < word.bytes.count,
        let (id, end) = vocabulary.longest(in: word.bytes, from: start)
      {
        ids.append(Int64(id))
        start = end
      }
    }
    if start < word.bytes.count {
      ids.removeSubrange(first...)
      ids.append(unknown)
    }
  }
}

/// The word that is being read, in UTF-8; one buffer serves all words of a text.
private struct Word {
  private(set) var bytes: [UInt8] = []
  /// Characters; the bytes of those beyond what a word may have are not kept.
  private(set) var count = 0

  @inline(__always)
  mutating func append(_ point: UInt32) {
    count += 1
    guard count <= WordPiece.wordCharacters else { return }
    if point < 0x80 {
      bytes.append(UInt8(point))
    } else if let scalar = Unicode.Scalar(point) {
      for byte in scalar.utf8 { bytes.append(byte) }
    }
  }

  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }
}
