/// How BERT's uncased models read characters: lower case, without accents, cleaned.
///
/// Each character is read by itself: it is dropped, ends a word, is a word, or becomes one or more
/// characters of a word. That is what normalising a whole text and cutting it comes to: accents are
/// dropped after they were split off, so that their order does not matter.
///
/// Not `Unicode.Scalar.Properties`: see `CharacterClasses`.
struct BERTText: Sendable {
  /// What a character does.
  enum Kind: UInt8 {
    /// Stands in a word as it is.
    case plain
    /// Ends a word.
    case space
    /// Is not there: control characters, accents.
    case dropped
    /// Is a word by itself: punctuation, ideographs.
    case alone
    /// Others stand for it: capitals, what is composed.
    case replaced
    /// A syllable, for which its parts stand.
    case hangul
  }

  private let table = ScalarTable(runs: Self.runs)
  /// Characters that are replaced, ascending, and where their entry begins in `replacements`.
  private let replaced: [UInt32]
  private let places: [Int]

  /// Laid out once, in about 6 ms.
  static let shared = BERTText()

  private init() {
    var replaced: [UInt32] = []
    var places: [Int] = []
    var place = 0
    while place < Self.replacements.count {
      let entry = Self.replacements[place]
      replaced.append(entry >> 8)
      places.append(place)
      place += 1 + Int(entry & 0xFF)
    }
    self.replaced = replaced
    self.places = places
  }

  @inline(__always)
  func kind(of point: UInt32) -> Kind {
    guard let kind = Kind(rawValue: table[point]) else {
      preconditionFailure("a kind of the table")
    }
    return kind
  }

  /// Whether a character of a piece is more than punctuation: a letter, a digit, an ideograph.
  func isPartOfWord(_ point: UInt32) -> Bool {
    // Ideographs are words by themselves and stand beyond all punctuation that is.
    kind(of: point) != .alone || (0x3400...0x9FFF).contains(point) || point >= 0x20000
  }

  /// The characters that stand for one of kind `replaced`.
  func replacement(of point: UInt32) -> ArraySlice<UInt32> {
    var low = 0
    var high = replaced.count
    while low < high {
      let middle = (low + high) / 2
      if replaced[middle] < point { low = middle + 1 } else { high = middle }
    }
    precondition(low < replaced.count && replaced[low] == point, "the tables agree")
    let place = places[low]
    return Self.replacements[place + 1..<place + 1 + Int(Self.replacements[place] & 0xFF)]
  }

  /// The parts of a syllable: two or three (The Unicode Standard, section 3.12).
  static func parts(ofSyllable point: UInt32) -> (UInt32, UInt32, UInt32?) {
    let index = point - 0xAC00
    let last = index % 28
    return (0x1100 + index / 588, 0x1161 + index % 588 / 28, last == 0 ? nil : 0x11A7 + last)
  }
}
