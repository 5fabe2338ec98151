/// What the pre-tokenising patterns ask of a character.
struct CharacterClass: OptionSet {
  let rawValue: UInt8

  /// A letter: `\p{L}`.
  static let letter = CharacterClass(rawValue: 1)
  /// A number: `\p{N}`.
  static let number = CharacterClass(rawValue: 2)
  /// Space of any kind: `\s`.
  static let space = CharacterClass(rawValue: 4)
  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: may stand in the capitals that begin a word.
  static let upper = CharacterClass(rawValue: 8)
  /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: may stand in the small letters that end a word.
  static let lower = CharacterClass(rawValue: 16)

  /// Neither letter, number nor space: `[^\s\p{L}\p{N}]`.
  var isOther: Bool { rawValue & 7 == 0 }
}

/// The classes of all code points, found in constant time.
///
/// Not `Unicode.Scalar.Properties`: its version of Unicode is that of the Swift runtime, and a
/// character that one of the two does not know yet would be cut differently.
struct CharacterClasses: Sendable {
  /// By code point / 128, where its block begins in `classes`, / 128.
  private let blocks: [UInt16]
  private let classes: [UInt8]

  /// Lays the runs out; about 5 ms.
  init() {
    var blocks: [UInt16] = []
    var classes: [UInt8] = []
    var known: [[UInt8]: UInt16] = [:]
    var run = 0
    for start in stride(from: UInt32(0), to: 0x110000, by: 128) {
      let block = (start..<start + 128)
        .map { point in
          while run + 1 < Self.runs.count, Self.runs[run + 1] >> 8 <= point { run += 1 }
          return UInt8(truncatingIfNeeded: Self.runs[run])
        }
      if let place = known[block] {
        blocks.append(place)
      } else {
        let place = UInt16(classes.count / 128)
        known[block] = place
        blocks.append(place)
        classes += block
      }
    }
    self.blocks = blocks
    self.classes = classes
  }

  @inline(__always)
  subscript(ascii byte: UInt8) -> CharacterClass {
    // The first block is the first that was laid out.
    CharacterClass(rawValue: classes[Int(byte)])
  }

  @inline(__always)
  subscript(point: UInt32) -> CharacterClass {
    CharacterClass(rawValue: classes[Int(blocks[Int(point >> 7)]) << 7 | Int(point & 127)])
  }
}
