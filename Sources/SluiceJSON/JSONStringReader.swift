/// Walks the contents of a validated string, from escape to escape.
struct JSONStringReader {
  enum Piece {
    /// Bytes that stand for themselves: a range of `contents`.
    case plain(Range<Int>)
    /// What an escape, or a pair of escaped surrogates, stands for.
    case scalar(Unicode.Scalar)
    /// Half of a surrogate pair (RFC 8259 section 8.2).
    case loneSurrogate(UInt16)
  }

  let contents: ArraySlice<UInt8>
  private var index: Int

  init(_ contents: ArraySlice<UInt8>) {
    self.contents = contents
    index = contents.startIndex
  }

  mutating func next() -> Piece? {
    guard index < contents.endIndex else { return nil }
    guard contents[index] == UInt8(ascii: "\\") else {
      let start = index
      while index < contents.endIndex, contents[index] != UInt8(ascii: "\\") { index += 1 }
      return .plain(start..<index)
    }
    guard let unit = takeUnit() else { return nil }
    if let scalar = Unicode.Scalar(unit) { return .scalar(scalar) }
    guard unit < 0xDC00 else { return .loneSurrogate(unit) }
    let behind = index
    if let low = takeUnit(), (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(
        0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
      )
    {
      return .scalar(scalar)
    }
    index = behind
    return .loneSurrogate(unit)
  }

  /// The UTF-16 code unit that the escape here stands for; `nil` if none stands here.
  private mutating func takeUnit() -> UInt16? {
    guard index + 1 < contents.endIndex, contents[index] == UInt8(ascii: "\\") else { return nil }
    let letter = contents[index + 1]
    index += 2
    switch letter {
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "u"):
      var unit: UInt16 = 0
      for _ in 0..<4 where index < contents.endIndex {
        unit = unit << 4 | (hexadecimal(contents[index]) ?? 0)
        index += 1
      }
      return unit
    default: return UInt16(letter)
    }
  }
}
