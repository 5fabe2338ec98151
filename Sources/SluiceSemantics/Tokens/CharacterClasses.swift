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
  private let table = ScalarTable(runs: Self.runs)

  @inline(__always)
  subscript(ascii byte: UInt8) -> CharacterClass { CharacterClass(rawValue: table[ascii: byte]) }

  @inline(__always)
  subscript(point: UInt32) -> CharacterClass { CharacterClass(rawValue: table[point]) }
}
