import SluicePolicy

/// What a simulated model says: words that depend on nothing but the seed, the model and the
/// question.
///
/// A token is a word with the space before it. So an answer has as many tokens as it was asked
/// for, reads like text, and is the same again for the same question.
struct SimulatedAnswer: Sendable, Equatable {
  /// As many as the settings say, or as the client allows.
  let count: Int
  /// Whether the client allowed less than there was to say.
  let isCut: Bool
  private let state: UInt64

  /// - Parameters:
  ///   - prompt: the text of all messages.
  ///   - model: as the request names it.
  ///   - choice: which of several answers to one question.
  ///   - limit: tokens that the client allows.
  ///   - settings: of the upstream.
  init(
    to prompt: String,
    model: String,
    choice: Int = 0,
    limit: Int?,
    settings: UpstreamSettings.Simulated
  ) {
    count = min(settings.output, limit ?? .max)
    isCut = count < settings.output
    var mix = Mixer(settings.seed)
    mix.add(model.utf8)
    mix.add(prompt.utf8)
    mix.add(UInt64(choice))
    state = mix.value
  }

  /// A name for the answer: the same for the same question.
  var id: String {
    let digits = String(state, radix: 16)
    return "chatcmpl-sim" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The text of some of its tokens, clamped to what there is.
  ///
  /// Linear in the tokens asked for, wherever they stand.
  func text(of range: Range<Int>) -> String {
    var text = ""
    for position in range.clamped(to: 0..<count) { text += token(position) }
    return text
  }

  private func token(_ position: Int) -> String {
    let place = position % Self.sentence
    var word = Self.words[Int(Mixer.hash(state, UInt64(position)) % UInt64(Self.words.count))]
    if place == 0 { word = word.prefix(1).uppercased() + word.dropFirst() }
    if place == Self.sentence - 1 || position == count - 1, !(isCut && position == count - 1) {
      word += "."
    }
    return position == 0 ? word : " " + word
  }

  /// Words of a sentence.
  private static let sentence = 12

  private static let words = [
    "a", "the", "water", "gate", "flows", "under", "over", "level", "stream", "with", "its",
    "channel", "holds", "and", "opens", "when", "pressure", "rises", "keeper", "wheel", "stone",
    "river", "slowly", "turns", "lock", "between", "two", "sides", "lets", "pass", "only", "what",
    "must", "boats", "wait", "for", "calm", "measure", "depth", "before", "they", "move", "on",
    "spring", "flood", "banks", "hold", "firm", "mill", "downstream", "draws", "less", "than",
    "upstream", "gives", "so", "balance", "returns", "by", "evening", "each", "day", "again",
  ]
}

/// Mixes bytes and numbers to 64 bits: FNV-1a (64 bit), finished as SplitMix64 is.
///
/// For answers that look random and are not; never for a secret.
struct Mixer {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ seed: UInt64) { add(seed) }

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    // A mark, so that "ab" and "c" is not "a" and "bc".
    state = (state ^ 0xff) &* 0x100_0000_01b3
  }

  mutating func add(_ number: UInt64) {
    add((0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) })
  }

  var value: UInt64 { Self.hash(state, 0) }

  static func hash(_ state: UInt64, _ number: UInt64) -> UInt64 {
    var bits = state &+ (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }
}
