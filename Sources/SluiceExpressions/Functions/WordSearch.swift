/// Words to look for in a text, all of them in one pass; prepared once.
///
/// The text is gone through in windows as long as the shortest word. The last two bytes of a window
/// say how far off the next is that can begin a word (the rule of Wu and Manber), so that most bytes
/// are never looked at. No copy of the text is made to find words in either case.
final class WordSearch: Sendable {
  /// How the letters of a text are read before they are compared.
  enum Reading: Sendable { case asWritten, lowerASCII, upperASCII }

  /// Bytes of the longest word: in vain, no more are compared for one place and word.
  static let longestWord = 32

  private let count: Int
  /// Words before the first that is empty, which stands everywhere: none behind it is the first.
  private let soughtCount: Int
  private let window: Int
  /// The bytes of the words that are sought, one after the other.
  private let bytes: [UInt8]
  /// Where each begins in `bytes`, and where the last ends.
  private let starts: [Int]
  /// By the hash of the last bytes of a window.
  private let skips: [UInt8]
  /// The letters that are read as those of the other case are the first `letters` from `first` on.
  private let first: UInt8
  private let letters: UInt8

  /// Prepares the search; `nil` if a word is too long for it.
  init?(_ words: [String], reading: Reading) {
    guard words.allSatisfy({ $0.utf8.count <= Self.longestWord }) else { return nil }
    let sought = words.prefix { !$0.utf8.isEmpty }.map { Array($0.utf8) }
    let window = sought.map(\.count).min() ?? 0
    first = reading == .upperASCII ? UInt8(ascii: "a") : UInt8(ascii: "A")
    letters = reading == .asWritten ? 0 : 26
    count = words.count
    soughtCount = sought.count
    self.window = window
    bytes = sought.flatMap(\.self)
    starts = sought.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
    // Two bytes that no word has next to each other may still end before the first of one.
    var skips = [UInt8](repeating: UInt8(max(window - 1, 1)), count: 256)
    for word in sought {
      if window == 1 {
        skips[Self.hash(0, word[0])] = 0
      } else {
        for place in 1..<window {
          let hash = Self.hash(word[place - 1], word[place])
          skips[hash] = min(skips[hash], UInt8(window - 1 - place))
        }
      }
    }
    self.skips = skips
  }

  /// The first of the words, in their own order, that stands anywhere in `text`.
  ///
  /// Complexity: linear in the text; in the worst case times the bytes of all words.
  func firstWord(in text: String) -> Int? {
    let text = text.utf8.span
    let skips = skips
    let ways = skips.span
    var found = soughtCount
    var end = window - 1
    while found > 0, end < text.count {
      let skip = Int(ways[Self.hash(window > 1 ? text[end - 1] : 0, text[end])])
      if skip > 0 {
        end += skip
      } else {
        // Only what comes before a word that was found can still be the first.
        found = word(below: found, in: text, at: end - window + 1) ?? found
        end += 1
      }
    }
    return found < count ? found : nil
  }

  /// The first of as many words that stands at a place.
  private func word(below limit: Int, in text: Span<UInt8>, at start: Int) -> Int? {
    for word in 0..<limit {
      let place = starts[word]
      let length = starts[word + 1] - place
      guard start + length <= text.count else { continue }
      var matched = 0
      while matched < length,
        Self.read(text[start + matched], first, letters) == bytes[place + matched]
      {
        matched += 1
      }
      if matched == length { return word }
    }
    return nil
  }

  /// Below 256, and the same for a letter in both cases.
  @inline(__always)
  private static func hash(_ one: UInt8, _ other: UInt8) -> Int {
    Int((one << 3) ^ (other & 0x1F))
  }

  @inline(__always)
  private static func read(_ byte: UInt8, _ first: UInt8, _ letters: UInt8) -> UInt8 {
    // The cases differ in one bit.
    byte &- first < letters ? byte ^ 0x20 : byte
  }
}
