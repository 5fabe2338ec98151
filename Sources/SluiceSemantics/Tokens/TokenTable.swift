/// The tokens of an encoding, by their bytes: a hash table that is written once.
///
/// A token of up to seven bytes *is* its key, so that the comparison of keys decides; a longer
/// one's key is a hash, behind which the bytes are compared. Texts only look things up: nobody can
/// make the table's chains longer than its own tokens make them.
struct TokenTable: Sendable {
  /// Bytes of the longest token.
  let longest: Int
  /// Keys by slot; 0 is an empty slot.
  private var keys: [UInt64]
  private var ranks: [UInt32]
  private let shift: UInt64
  /// Where each token begins in `bytes`, by rank; one more at the end.
  private let offsets: [UInt32]
  private let bytes: [UInt8]

  var count: Int { offsets.count - 1 }

  /// Reads a `.tiktoken` file: a line a token, its bytes in Base64 and its rank, in their order.
  init(parsing file: [UInt8]) throws(TokenTableError.Reason) {
    let tokens = try TiktokenFile(file)
    try self.init(bytes: tokens.bytes, offsets: tokens.offsets)
  }

  private init(bytes: [UInt8], offsets: [UInt32]) throws(TokenTableError.Reason) {
    self.bytes = bytes
    self.offsets = offsets
    let count = offsets.count - 1
    // At most half full, so that a look-up of what is not there ends soon.
    var bits = 9
    while 1 << bits < count * 2 { bits += 1 }
    shift = UInt64(64 - bits)
    keys = [UInt64](repeating: 0, count: 1 << bits)
    ranks = [UInt32](repeating: 0, count: 1 << bits)
    longest = zip(offsets, offsets.dropFirst()).map { Int($1 - $0) }.max() ?? 0
    // A length has a byte in a key, and a rank 20 bits in the heap of `PieceMerger`.
    guard longest <= 255, count <= 1 << 20 else { throw .malformed }
    let mask = keys.count - 1
    for rank in 0..<count {
      let key = Self.key(of: bytes.span, Int(offsets[rank]), Int(offsets[rank + 1]))
      var slot = Int(truncatingIfNeeded: (key &* Self.spread) >> shift)
      while keys[slot] != 0 { slot = (slot + 1) & mask }
      keys[slot] = key
      ranks[slot] = UInt32(rank)
    }
    // Every byte is a token, so that every text has an encoding.
    for byte in UInt8.min...UInt8.max {
      let one: [UInt8] = [byte]
      guard rank(of: one.span, 0, 1) != nil else { throw .malformed }
    }
  }

  private static let spread: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The rank of the token with the bytes from `start` to `end`.
  @inline(__always)
  func rank(of text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt32? {
    slot(of: text, start, end).map { ranks[$0] }
  }

  @inline(__always)
  func contains(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    slot(of: text, start, end) != nil
  }

  @inline(__always)
  private func slot(of text: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
    guard end - start <= longest else { return nil }
    let wanted = Self.key(of: text, start, end)
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: (wanted &* Self.spread) >> shift)
    while true {
      let key = keys[slot]
      if key == wanted, end - start <= 7 || isToken(Int(ranks[slot]), text, start) { return slot }
      if key == 0 { return nil }
      slot = (slot + 1) & mask
    }
  }

  private func isToken(_ rank: Int, _ text: Span<UInt8>, _ start: Int) -> Bool {
    var at = start
    for offset in Int(offsets[rank])..<Int(offsets[rank + 1]) {
      guard bytes[offset] == text[at] else { return false }
      at += 1
    }
    return true
  }

  /// The length in the highest byte; below it the bytes themselves, or 56 bits of their hash.
  @inline(__always)
  private static func key(of text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
    let length = end - start
    var word: UInt64 = 0
    if length <= 7 {
      for index in start..<end { word = word << 8 | UInt64(text[index]) }
    } else {
      word = longHash(of: text, start, end)
    }
    return word | UInt64(length) << 56
  }

  private static func longHash(of text: Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
    var hash: UInt64 = 0
    var index = start
    while index < end {
      var word: UInt64 = 0
      for at in index..<min(index + 8, end) { word = word << 8 | UInt64(text[at]) }
      hash = (hash ^ word) &* spread
      hash ^= hash >> 29
      index += 8
    }
    return hash >> 8
  }
}

/// The tokens of a `.tiktoken` file, one behind the other.
private struct TiktokenFile {
  let bytes: [UInt8]
  let offsets: [UInt32]

  init(_ file: [UInt8]) throws(TokenTableError.Reason) {
    let span = file.span
    var bytes: [UInt8] = []
    var offsets: [UInt32] = [0]
    bytes.reserveCapacity(file.count / 2)
    offsets.reserveCapacity(file.count / 16)
    var index = 0
    while index < span.count {
      // Base64 (RFC 4648 section 4).
      var bits: UInt32 = 0
      var filled = 0
      while index < span.count, span[index] != UInt8(ascii: " ") {
        if span[index] != UInt8(ascii: "=") {
          guard let value = Self.sextet(span[index]) else { throw .malformed }
          bits = bits << 6 | UInt32(value)
          filled += 6
          if filled >= 8 {
            filled -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(filled)))
          }
        }
        index += 1
      }
      index += 1
      var rank = 0
      while index < span.count, span[index] != UInt8(ascii: "\n") {
        let digit = Int(span[index]) - 0x30
        guard 0...9 ~= digit, rank <= offsets.count else { throw .malformed }
        rank = rank * 10 + digit
        index += 1
      }
      index += 1
      guard rank == offsets.count - 1, bytes.count > Int(offsets[rank]) else { throw .malformed }
      offsets.append(UInt32(bytes.count))
    }
    self.bytes = bytes
    self.offsets = offsets
  }

  private static func sextet(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
