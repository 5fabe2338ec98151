package import SluiceCore

/// One line of the log: a JSON object, written in the order in which its members are given.
///
/// A line that holds no line break but its last byte: whatever a client put into a name, it cannot
/// forge a second line or a control sequence for the terminal that shows it.
package struct LogLine: Sendable {
  private var text: [UInt8] = []
  private static let opening = Array(#"{"time":""#.utf8)
  private static let closing = Array("}\n".utf8)

  /// Begins the line of an event with the time and its name.
  package init(_ event: String, at moment: Moment) {
    self.init(LogMember("event", event), at: moment)
  }

  /// As above, for an event that is told often.
  package init(_ event: LogMember, at moment: Moment) {
    // A long line; up to about this size malloc has a fast path.
    text.reserveCapacity(960)
    text += Self.opening
    UTCTime.append(wall: moment.wall, to: &text)
    text.append(UInt8(ascii: "\""))
    text += event.bytes
  }

  /// The bytes of the line, its line feed included.
  package var bytes: [UInt8] { text + Self.closing }

  /// As `bytes`, for who needs the line no more: in place, without a copy.
  package consuming func finish() -> [UInt8] {
    text += Self.closing
    return text
  }

  package mutating func append(_ member: LogMember) { text += member.bytes }

  /// Appends a string; the empty one is left out.
  package mutating func append(_ key: LogKey, _ value: String) {
    guard !value.isEmpty else { return }
    text += key.bytes
    text.appendQuoted(value)
  }

  package mutating func append(_ key: LogKey, _ value: Int) {
    text += key.bytes
    DecimalText.append(Int64(value), to: &text)
  }

  /// Appends a number; one that no `Int` can hold as the nearest that it can.
  mutating func append(_ key: LogKey, _ value: some BinaryInteger) {
    append(key, Int(clamping: value))
  }

  mutating func append(_ key: LogKey, _ values: [String]) {
    text += key.bytes
    text.append(UInt8(ascii: "["))
    for (position, value) in values.enumerated() {
      if position > 0 { text.append(UInt8(ascii: ",")) }
      text.appendQuoted(value)
    }
    text.append(UInt8(ascii: "]"))
  }

  /// Appends an amount of money: a string, since readers that take numbers for doubles would round
  /// it.
  package mutating func append(_ key: LogKey, _ amount: NanoDollars) {
    text += key.bytes
    text.append(UInt8(ascii: "\""))
    amount.append(to: &text)
    text.append(UInt8(ascii: "\""))
  }

  /// Appends nanoseconds as milliseconds with a fraction, exactly.
  package mutating func append(_ key: LogKey, milliseconds nanoseconds: Int64) {
    text += key.bytes
    let (thousands, overflowed) = nanoseconds.multipliedReportingOverflow(by: 1_000)
    DecimalText.append(nano: overflowed ? .max : thousands, to: &text)
  }

  /// Appends a string of prepared words with a space between each two; none at all are left out.
  package mutating func append(_ key: LogKey, words count: Int, _ word: (Int) -> LogWord) {
    guard count > 0 else { return }
    text += key.bytes
    var separator = UInt8(ascii: "\"")
    for place in 0..<count {
      text.append(separator)
      separator = UInt8(ascii: " ")
      text += word(place).bytes
    }
    text.append(UInt8(ascii: "\""))
  }
}

/// The name of a member, as the bytes before its value: `,"tenant":`.
///
/// Keys are this program's own words, which need no escape. Who writes a line for every request
/// keeps its keys.
package struct LogKey: Sendable, ExpressibleByStringLiteral {
  fileprivate let bytes: [UInt8]

  package init(stringLiteral name: String) { bytes = Array(",\"\(name)\":".utf8) }
}

/// A member that many lines have, as its bytes: `,"status":"success"`.
package struct LogMember: Sendable {
  fileprivate let bytes: [UInt8]

  package init(_ key: LogKey, _ value: String) {
    var bytes = key.bytes
    bytes.appendQuoted(value)
    self.bytes = bytes
  }

  package init(_ key: LogKey, _ value: UInt64) {
    var bytes = key.bytes
    DecimalText.append(value, to: &bytes)
    self.bytes = bytes
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// Two that always stand together.
  package static func + (left: Self, right: Self) -> Self { Self(bytes: left.bytes + right.bytes) }
}

/// A text as it stands between the quotes of a line, escaped once for all lines that will have it.
package struct LogWord: Sendable {
  fileprivate let bytes: [UInt8]

  package init(_ text: String) {
    var bytes: [UInt8] = []
    bytes.appendEscaped(text)
    self.bytes = bytes
  }
}

extension [UInt8] {
  fileprivate mutating func appendQuoted(_ value: String) {
    append(UInt8(ascii: "\""))
    appendEscaped(value)
    append(UInt8(ascii: "\""))
  }

  /// Escapes as RFC 8259 section 7 asks, and DEL and the C1 controls besides: terminals act on them.
  fileprivate mutating func appendEscaped(_ value: String) {
    let before = count
    let bytes = value.utf8.span
    // Nearly every text is plain, so it is copied while it is looked at.
    append(addingCapacity: bytes.count) { output in
      for index in bytes.indices {
        let byte = bytes[index]
        guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\")
        else { return }
        output.append(byte)
      }
    }
    let plain = count - before
    guard plain < bytes.count else { return }
    // What is not plain begins a scalar: all bytes before it are scalars of their own.
    for scalar in value.unicodeScalars.dropFirst(plain) {
      switch scalar {
      case "\"": self += #"\""#.utf8
      case "\\": self += #"\\"#.utf8
      case "\n": self += #"\n"#.utf8
      case "\r": self += #"\r"#.utf8
      case "\t": self += #"\t"#.utf8
      case "\0"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        self += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      default: self += String(Character(scalar)).utf8
      }
    }
  }
}
