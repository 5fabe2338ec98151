internal import SluiceCore

/// Writes a JSON text, always spelled the same way: no white space, the fewest escapes.
///
/// Calls must nest properly (a key before every value of an object); the writer places the commas
/// and trusts its caller with the rest.
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init(reservingCapacity capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  package mutating func key(_ name: String) {
    separate()
    bytes.appendJSONString(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ value: String) {
    separate()
    bytes.appendJSONString(value)
    needsComma = true
  }

  /// A string whose contents are escaped already, such as those of another document's strings.
  package mutating func string(escaped contents: some Sequence<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: contents)
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  package mutating func int(_ value: some BinaryInteger) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
    needsComma = true
  }

  /// The shortest spelling that reads back the same; what is not finite is written as `null`.
  package mutating func double(_ value: Double) {
    guard value.isFinite else { return null() }
    separate()
    bytes.append(contentsOf: value.description.utf8)
    needsComma = true
  }

  package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  package mutating func null() { raw("null") }

  /// A value that is JSON already.
  package mutating func raw(_ text: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: text)
    needsComma = true
  }

  private mutating func raw(_ text: String) { raw(text.utf8) }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }
}

extension [UInt8] {
  /// Appends `text` as a JSON string, quotes included, in the canonical escaping.
  ///
  /// Escaped are the quote, the backslash and control characters (the five with a short form by
  /// it, the others as `\u00xx`); everything else stands for itself.
  package mutating func appendJSONString(_ text: String) {
    append(UInt8(ascii: "\""))
    if text.isPlainJSON {
      append(contentsOf: text.utf8)
    } else {
      for byte in text.utf8 { appendJSONEscaped(byte) }
    }
    append(UInt8(ascii: "\""))
  }

  mutating func appendJSONEscaped(_ byte: UInt8) {
    guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
      append(byte)
      return
    }
    append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: append(UInt8(ascii: "b"))
    case 0x09: append(UInt8(ascii: "t"))
    case 0x0A: append(UInt8(ascii: "n"))
    case 0x0C: append(UInt8(ascii: "f"))
    case 0x0D: append(UInt8(ascii: "r"))
    case 0x00..<0x20: appendJSONUnit(UInt16(byte))
    default: append(byte)
    }
  }

  /// Appends `u` and four lower-case hexadecimal digits.
  mutating func appendJSONUnit(_ unit: UInt16) {
    append(UInt8(ascii: "u"))
    for shift in stride(from: 12, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: (unit >> UInt16(shift)) & 0xF)
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}

extension String {
  /// Whether it stands for itself in a JSON string, as nearly every string does.
  fileprivate var isPlainJSON: Bool {
    let bytes = utf8.span
    for index in ByteScan.plainEnd(bytes, from: 0)..<bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
    }
    return true
  }
}
