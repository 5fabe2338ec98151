/// Cuts a text into pieces as the regular expressions of tiktoken do, without a regular expression.
///
/// Every piece is turned into tokens by itself. The texts are well-formed UTF-8. Cutting a whole
/// text takes time linear in its length: a character is looked at a bounded number of times.
struct PieceScanner: Sendable {
  let pattern: Pattern
  private let classes = CharacterClasses()

  enum Pattern: Sendable {
    /// ```
    /// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+
    /// | ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s
    /// ```
    case cl100k
    /// ```
    /// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|…)?
    /// |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|…)?
    /// |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
    /// ```
    case o200k
  }

  init(_ pattern: Pattern) { self.pattern = pattern }

  /// The end of the piece that begins at `start`, which is before the end of the text.
  @inline(__always)
  func end(in text: Span<UInt8>, from start: Int) -> Int {
    switch pattern {
    case .cl100k: cl100kEnd(in: text, from: start)
    case .o200k: o200kEnd(in: text, from: start)
    }
  }
}

// MARK: cl100k_base

extension PieceScanner {
  private func cl100kEnd(in text: Span<UInt8>, from start: Int) -> Int {
    let byte = text[start]
    let (first, next) = character(in: text, at: start)
    if first.contains(.letter) { return runEnd(of: .letter, in: text, from: next) }
    if first.contains(.number) { return numberEnd(in: text, from: next) }
    if byte == UInt8(ascii: "'"), let end = contractionEnd(in: text, from: start) { return end }
    guard next < text.count else { return next }
    if !isLineEnd(byte) {
      let (second, behind) = character(in: text, at: next)
      if second.contains(.letter) { return runEnd(of: .letter, in: text, from: behind) }
      if byte == UInt8(ascii: " "), second.isOther {
        return otherEnd(in: text, from: behind, slashes: false)
      }
    }
    return first.contains(.space)
      ? spaceEnd(in: text, from: start, wholeAtEnd: true)
      : otherEnd(in: text, from: next, slashes: false)
  }
}

// MARK: o200k_base

extension PieceScanner {
  private func o200kEnd(in text: Span<UInt8>, from start: Int) -> Int {
    let byte = text[start]
    let (first, next) = character(in: text, at: start)
    if first.contains(.number) { return numberEnd(in: text, from: next) }
    if let end = wordEnd(in: text, from: start, first, next) {
      guard end < text.count, text[end] == UInt8(ascii: "'") else { return end }
      return contractionEnd(in: text, from: end) ?? end
    }
    guard next < text.count else { return next }
    if byte == UInt8(ascii: " ") {
      let (second, behind) = character(in: text, at: next)
      if second.isOther { return otherEnd(in: text, from: behind, slashes: true) }
    }
    return first.contains(.space)
      ? spaceEnd(in: text, from: start, wholeAtEnd: false)
      : otherEnd(in: text, from: next, slashes: true)
  }

  /// The end of what the first two alternatives match, the contraction left out.
  ///
  /// They are tried as a backtracking engine does: with the leading character before without it,
  /// the alternative that ends in small letters before the one that begins with capitals.
  @inline(__always)
  private func wordEnd(
    in text: Span<UInt8>,
    from start: Int,
    _ first: CharacterClass,
    _ next: Int
  ) -> Int? {
    if first.contains(.letter) {
      let letters = letters(in: text, from: start)
      return letters.endInLower ?? letters.endOfUpper
    }
    var behindLead = Letters(endInLower: nil, endOfUpper: next)
    if !isLineEnd(text[start]), next < text.count {
      behindLead = letters(in: text, from: next)
      if let end = behindLead.endInLower { return end }
    }
    // A mark may lead a word, or be one.
    if first.contains(.lower) { return letters(in: text, from: start).endInLower }
    return behindLead.endOfUpper > next ? behindLead.endOfUpper : nil
  }

  private struct Letters {
    /// Where `upper* lower+` ends; `nil` if it does not match.
    var endInLower: Int?
    /// Where the longest `upper*` ends.
    var endOfUpper: Int
  }

  @inline(__always)
  private func letters(in text: Span<UInt8>, from start: Int) -> Letters {
    var index = start
    // A character of both kinds that `upper*` took can be given back to `lower+`, the last first.
    var behindBoth: Int?
    while index < text.count {
      let (kind, behind) = character(in: text, at: index)
      if !kind.contains(.upper) {
        guard kind.contains(.lower) else { break }
        return Letters(
          endInLower: runEnd(of: .lower, in: text, from: behind),
          endOfUpper: index
        )
      }
      if kind.contains(.lower) { behindBoth = behind }
      index = behind
    }
    return Letters(endInLower: behindBoth, endOfUpper: index)
  }
}

// MARK: What both patterns share

extension PieceScanner {
  @inline(__always)
  private func isLineEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// The class of the character at `index`, and the offset behind it.
  @inline(__always)
  private func character(in text: Span<UInt8>, at index: Int) -> (CharacterClass, Int) {
    let first = text[index]
    if first < 0x80 { return (classes[ascii: first], index + 1) }
    let second = UInt32(text[index + 1] & 0x3F)
    if first < 0xE0 { return (classes[UInt32(first & 0x1F) << 6 | second], index + 2) }
    let third = UInt32(text[index + 2] & 0x3F)
    if first < 0xF0 {
      return (classes[UInt32(first & 0x0F) << 12 | second << 6 | third], index + 3)
    }
    let fourth = UInt32(text[index + 3] & 0x3F)
    return (classes[UInt32(first & 0x07) << 18 | second << 12 | third << 6 | fourth], index + 4)
  }

  @inline(__always)
  private func runEnd(of kind: CharacterClass, in text: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < text.count {
      let (next, behind) = character(in: text, at: index)
      guard next.contains(kind) else { break }
      index = behind
    }
    return index
  }

  /// The end of up to three numbers, the first of which stands before `start`.
  private func numberEnd(in text: Span<UInt8>, from start: Int) -> Int {
    var index = start
    for _ in 0..<2 where index < text.count {
      let (next, behind) = character(in: text, at: index)
      guard next.contains(.number) else { break }
      index = behind
    }
    return index
  }

  /// The end of a run that is neither letters, numbers nor space, and of line ends behind it.
  private func otherEnd(in text: Span<UInt8>, from start: Int, slashes: Bool) -> Int {
    var index = start
    while index < text.count {
      let (next, behind) = character(in: text, at: index)
      guard next.isOther else { break }
      index = behind
    }
    while index < text.count,
      isLineEnd(text[index]) || slashes && text[index] == UInt8(ascii: "/")
    {
      index += 1
    }
    return index
  }

  /// The end of a piece of space: up to the last line end, else all but the character that leads
  /// what follows.
  ///
  /// With `wholeAtEnd`, space that ends the text is one piece, whatever lines it holds.
  private func spaceEnd(in text: Span<UInt8>, from start: Int, wholeAtEnd: Bool) -> Int {
    var index = start
    var last = start
    var behindLine: Int?
    while index < text.count {
      let (next, behind) = character(in: text, at: index)
      guard next.contains(.space) else { break }
      if isLineEnd(text[index]) { behindLine = behind }
      last = index
      index = behind
    }
    if index == text.count, wholeAtEnd { return index }
    if let behindLine { return behindLine }
    if index == text.count { return index }
    return last > start ? last : index
  }

  /// The end of `(?i:'s|'d|'m|'t|'ll|'ve|'re)`, whose apostrophe stands at `start`.
  private func contractionEnd(in text: Span<UInt8>, from start: Int) -> Int? {
    guard start + 1 < text.count else { return nil }
    let first = text[start + 1] | 0x20
    switch first {
    case UInt8(ascii: "s"), UInt8(ascii: "d"), UInt8(ascii: "m"), UInt8(ascii: "t"):
      // Only letters lie 0x20 apart from these.
      return start + 2
    default: break
    }
    guard start + 2 < text.count else { return nil }
    // U+017F folds to `s`: no other character that is not ASCII folds to one of these letters.
    if text[start + 1] == 0xC5, text[start + 2] == 0xBF { return start + 3 }
    switch (first, text[start + 2] | 0x20) {
    case (UInt8(ascii: "l"), UInt8(ascii: "l")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "r"), UInt8(ascii: "e")):
      return start + 3
    default: return nil
    }
  }
}
