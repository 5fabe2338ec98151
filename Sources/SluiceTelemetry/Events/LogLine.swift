internal import SluiceCore

/// One line of the log: a JSON object, written in the order in which its members are given.
///
/// A line that holds no line break but its last byte: whatever a client put into a name, it cannot
/// forge a second line or a control sequence for the terminal that shows it.
package struct LogLine: Sendable {
  private var text: [UInt8] = []

  /// Begins the line of an event with the time and its name.
  init(_ event: String, at moment: Moment) {
    text.reserveCapacity(512)
    text.append(UInt8(ascii: "{"))
    appendKey("time")
    text.append(UInt8(ascii: "\""))
    UTCTime.append(wall: moment.wall, to: &text)
    text.append(UInt8(ascii: "\""))
    append("event", event)
  }

  /// The bytes of the line, its line feed included.
  package var bytes: [UInt8] { text + [UInt8(ascii: "}"), UInt8(ascii: "\n")] }

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
    appendString(key)
    text.append(UInt8(ascii: ":"))
  }

  /// Escapes as RFC 8259 section 7 asks, and DEL and the C1 controls besides: terminals act on them.
  private mutating func appendString(_ value: String) {
    text.append(UInt8(ascii: "\""))
    defer { text.append(UInt8(ascii: "\"")) }
    let isPlain = value.utf8.allSatisfy {
      (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    if isPlain {
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
}
