/// Why some bytes are not a JSON text, and where.
package struct JSONError: Error, Hashable, Sendable {
  /// The ways to fail; sections are those of RFC 8259.
  package enum Reason: Hashable, Sendable {
    /// The text ends inside a value (section 2).
    case unexpectedEnd
    /// A byte that cannot stand here (sections 2, 4 and 5).
    case unexpectedByte
    /// Something follows the value (section 2).
    case trailingBytes
    /// Not `true`, `false` or `null` (section 3).
    case badLiteral
    /// A number outside the grammar: `01`, `1.`, `+1`, `NaN` (section 6).
    case badNumber
    /// A control character that is not escaped (section 7).
    case controlCharacter
    /// A backslash before something that is no escape (section 7).
    case badEscape
    /// Bytes that are not UTF-8 (section 8.1).
    case badUTF8
    /// More nesting than `Bounds.jsonNesting` (section 9 allows the limit).
    case tooDeep
    /// More values than `Bounds.jsonNodes`, or more than 4 GiB (section 9).
    case tooLarge
  }

  package var reason: Reason
  /// Offset of the offending byte from the start of the text.
  package var offset: Int

  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  /// Words for a developer who has to repair the text; holds none of its content.
  package var description: String {
    let what =
      switch reason {
      case .unexpectedEnd: "the text ends too early"
      case .unexpectedByte: "unexpected character"
      case .trailingBytes: "something follows the value"
      case .badLiteral: "expected true, false or null"
      case .badNumber: "malformed number"
      case .controlCharacter: "control character in a string must be escaped"
      case .badEscape: "malformed escape in a string"
      case .badUTF8: "not UTF-8"
      case .tooDeep: "nested too deeply"
      case .tooLarge: "too many values"
      }
    return "\(what) at byte \(offset)"
  }
}
