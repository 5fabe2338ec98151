internal import SluiceCore

/// One line of the log: a JSON object, written in the order in which its members are given.
///
/// A line that holds no line break but its last byte: whatever a client put into a name, it cannot
/// forge a second line or a control sequence for the terminal that shows it.
package struct LogLine: Sendable {
  private var text: [UInt8] = []

  /// Begins the line of an event with the time and its name.
  init(_ event: String, at moment: Moment) {
    // A long line; up to about this size malloc has a fast path.
    text.reserveCapacity(960)
    text.append(UInt8(ascii: "{"))
    appendKey("time")
    text.append(UInt8(ascii: "\""))
    UTCTime.append(wall: moment.wall, to: &text)
    text.append(UInt8(ascii: "\""))
    append("event", event)
  }

  /// The bytes of the line, its line feed included.
  package var bytes: [UInt8] {
    var line = text
    line += "}\n".utf8
    return line
  }

  /// As `bytes`, for who needs the line no more: in place, without a copy.
  package consuming func finish() -> [UInt8] {
    text += "}\n".utf8
    return text
  }

  /// Appends a string; the empty one is left out.
  mutating func append(_ key: String, _ value: String) {
    guard !value.isEmpty else { return }
    appendKey(key)
    appendString(value)
  }

  mutating func append(_ key: String, _ value: some BinaryInteger) {
    appendKey(key)
    text += String(value).utf8
  }

  mutating func append(_ key: String, _ values: [String]) {
    appendKey(key)
    text.append(UInt8(ascii: "["))
    for (position, value) in values.enumerated() {
      if position > 0 { text.append(UInt8(ascii: ",")) }
      appendString(value)
    }
    text.append(UInt8(ascii: "]"))
  }

  /// Appends nanoseconds as milliseconds with a fraction, exactly.
  mutating func append(_ key: String, milliseconds nanoseconds: Int64) {
    appendKey(key)
    let (thousands, overflowed) = nanoseconds.multipliedReportingOverflow(by: 1_000)
    text += ExpositionPage.decimal(nano: overflowed ? .max : thousands).utf8
  }

  private mutating func appendKey(_ key: String) {
    if text.count > 1 { text.append(UInt8(ascii: ",")) }
    // Keys are this program's own words, which need no escape.
    text.append(UInt8(ascii: "\""))
    text += key.utf8
    text += "\":".utf8
  }

  /// Escapes as RFC 8259 section 7 asks, and DEL and the C1 controls besides: terminals act on them.
  private mutating func appendString(_ value: String) {
    text.append(UInt8(ascii: "\""))
    defer { text.append(UInt8(ascii: "\"")) }
    if Self.isPlain(value) {
      text += value.utf8
      return
    }
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += #"\""#.utf8
      case "\\": text += #"\\"#.utf8
      case "\n": text += #"\n"#.utf8
      case "\r": text += #"\r"#.utf8
      case "\t": text += #"\t"#.utf8
      case "\0"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      default: text += String(Character(scalar)).utf8
      }
    }
  }

  private static func isPlain(_ value: String) -> Bool {
    let bytes = value.utf8.span
    for index in bytes.indices {
      let byte = bytes[index]
      guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
        return false
      }
    }
    return true
  }
}
