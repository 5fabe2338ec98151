internal import SluiceCore

/// What a value is.
package enum JSONKind: UInt8, Sendable {
  case null
  case bool
  case number
  case string
  case array
  case object
}

/// One value on the tape, in the order of the text.
///
/// An object's members follow it as key, value, key, value; an array's elements follow it. `next`
/// is where the value's subtree ends, so that siblings are reached without walking children.
struct JSONNode: Sendable {
  /// Offset of the first byte; strings include their quotes.
  var start: UInt32
  /// Offset behind the last byte.
  var end: UInt32
  /// Index of the node behind this one's subtree.
  var next: UInt32
  /// Members or elements.
  var count: UInt32
  var kind: JSONKind
  /// A string with a backslash, a number with a fraction or exponent.
  var isComplex: Bool
}

/// Validates a JSON text and lays out its tape, in one pass.
///
/// Strict by RFC 8259: what it accepts every other strict reader reads the same way, apart from
/// keys that stand twice in one object, which `JSONDocument.repeatedKey(in:)` finds.
/// Linear in the text; one allocation for texts of usual size.
struct JSONScanner {
  private var offset = 0
  private var nodes: [JSONNode] = []
  private let nodeLimit: Int

  private init(nodeLimit: Int) { self.nodeLimit = nodeLimit }

  static func scan(
    _ bytes: Span<UInt8>,
    maximumNodes: Int = Bounds.jsonNodes
  ) throws(JSONError) -> [JSONNode] {
    guard bytes.count < Int(UInt32.max) else { throw JSONError(.tooLarge, at: 0) }
    var scanner = JSONScanner(nodeLimit: maximumNodes)
    // A chat body has a node for some ten bytes; a larger guess would cost more than growing.
    scanner.nodes.reserveCapacity(min(bytes.count / 8 + 8, 1_024))
    scanner.skipWhiteSpace(bytes)
    try scanner.value(bytes, depth: 0)
    scanner.skipWhiteSpace(bytes)
    guard scanner.offset == bytes.count else {
      throw JSONError(.trailingBytes, at: scanner.offset)
    }
    return scanner.nodes
  }

  private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
    guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
    switch bytes[offset] {
    case UInt8(ascii: "\""): try string(bytes)
    case UInt8(ascii: "{"): try object(bytes, depth: depth + 1)
    case UInt8(ascii: "["): try array(bytes, depth: depth + 1)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(bytes)
    case UInt8(ascii: "t"): try literal("true", .bool, bytes)
    case UInt8(ascii: "f"): try literal("false", .bool, bytes)
    case UInt8(ascii: "n"): try literal("null", .null, bytes)
    default: throw JSONError(.unexpectedByte, at: offset)
    }
  }

  // MARK: Containers

  private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
    let index = try open(.object, depth: depth)
    skipWhiteSpace(bytes)
    if take(UInt8(ascii: "}"), bytes) { return close(index, count: 0) }
    var count: UInt32 = 0
    while true {
      guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
      guard bytes[offset] == UInt8(ascii: "\"") else {
        throw JSONError(.unexpectedByte, at: offset)
      }
      try string(bytes)
      skipWhiteSpace(bytes)
      try expect(UInt8(ascii: ":"), bytes)
      skipWhiteSpace(bytes)
      try value(bytes, depth: depth)
      count += 1
      skipWhiteSpace(bytes)
      if take(UInt8(ascii: "}"), bytes) { return close(index, count: count) }
      try expect(UInt8(ascii: ","), bytes)
      skipWhiteSpace(bytes)
    }
  }

  private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
    let index = try open(.array, depth: depth)
    skipWhiteSpace(bytes)
    if take(UInt8(ascii: "]"), bytes) { return close(index, count: 0) }
    var count: UInt32 = 0
    while true {
      try value(bytes, depth: depth)
      count += 1
      skipWhiteSpace(bytes)
      if take(UInt8(ascii: "]"), bytes) { return close(index, count: count) }
      try expect(UInt8(ascii: ","), bytes)
      skipWhiteSpace(bytes)
    }
  }

  private mutating func open(_ kind: JSONKind, depth: Int) throws(JSONError) -> Int {
    guard depth <= Bounds.jsonNesting else { throw JSONError(.tooDeep, at: offset) }
    let start = offset
    offset += 1
    try append(kind, from: start, isComplex: false)
    return nodes.count - 1
  }

  private mutating func close(_ index: Int, count: UInt32) {
    nodes[index].end = UInt32(truncatingIfNeeded: offset)
    nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
    nodes[index].count = count
  }

  // MARK: Scalars

  private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) {
    let start = offset
    var at = PlainRun.end(bytes, from: offset + 1)
    var hasEscapes = false
    while true {
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      let byte = bytes[at]
      if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        at += 1
      } else if byte == UInt8(ascii: "\"") {
        offset = at + 1
        return try append(.string, from: start, isComplex: hasEscapes)
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        at = PlainRun.end(bytes, from: try Self.escapeEnd(bytes, at: at))
      } else if byte < 0x20 {
        throw JSONError(.controlCharacter, at: at)
      } else {
        let length = Self.multibyteLength(bytes, at: at)
        guard length > 0 else { throw JSONError(.badUTF8, at: at) }
        at += length
      }
    }
  }

  /// Offset behind the escape at `start`; surrogates may stand alone, as section 8.2 notes.
  private static func escapeEnd(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> Int {
    guard start + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      for index in (start + 2)..<(start + 6) {
        guard index < bytes.count else { throw JSONError(.unexpectedEnd, at: index) }
        guard hexadecimal(bytes[index]) != nil else { throw JSONError(.badEscape, at: index) }
      }
      return start + 6
    default:
      throw JSONError(.badEscape, at: start)
    }
  }

  /// Length of the well-formed UTF-8 sequence at `start`, 0 if there is none.
  ///
  /// The ranges are those of table 3-7 of the Unicode Standard: no overlong forms, no surrogates,
  /// nothing beyond U+10FFFF.
  private static func multibyteLength(_ bytes: Span<UInt8>, at start: Int) -> Int {
    func continues(_ index: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      index < bytes.count && range.contains(bytes[index])
    }
    switch bytes[start] {
    case 0xC2...0xDF:
      return continues(start + 1) ? 2 : 0
    case 0xE0...0xEF:
      let second: ClosedRange<UInt8> =
        bytes[start] == 0xE0 ? 0xA0...0xBF : bytes[start] == 0xED ? 0x80...0x9F : 0x80...0xBF
      return continues(start + 1, second) && continues(start + 2) ? 3 : 0
    case 0xF0...0xF4:
      let second: ClosedRange<UInt8> =
        bytes[start] == 0xF0 ? 0x90...0xBF : bytes[start] == 0xF4 ? 0x80...0x8F : 0x80...0xBF
      return continues(start + 1, second) && continues(start + 2) && continues(start + 3) ? 4 : 0
    default:
      return 0
    }
  }

  private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) {
    let start = offset
    var isComplex = false
    _ = take(UInt8(ascii: "-"), bytes)
    if take(UInt8(ascii: "0"), bytes) {
      if offset < bytes.count, isDigit(bytes[offset]) { throw JSONError(.badNumber, at: offset) }
    } else {
      try digits(bytes)
    }
    if take(UInt8(ascii: "."), bytes) {
      isComplex = true
      try digits(bytes)
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      isComplex = true
      offset += 1
      if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
      try digits(bytes)
    }
    try append(.number, from: start, isComplex: isComplex)
  }

  private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) {
    guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
    guard isDigit(bytes[offset]) else { throw JSONError(.badNumber, at: offset) }
    while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
  }

  private mutating func literal(
    _ word: StaticString,
    _ kind: JSONKind,
    _ bytes: Span<UInt8>
  ) throws(JSONError) {
    let start = offset
    for scalar in word.description.utf8 {
      guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
      guard bytes[offset] == scalar else { throw JSONError(.badLiteral, at: start) }
      offset += 1
    }
    try append(kind, from: start, isComplex: false)
  }

  // MARK: Bytes

  private mutating func append(
    _ kind: JSONKind,
    from start: Int,
    isComplex: Bool
  ) throws(JSONError) {
    guard nodes.count < nodeLimit else { throw JSONError(.tooLarge, at: start) }
    nodes.append(
      JSONNode(
        start: UInt32(truncatingIfNeeded: start),
        end: UInt32(truncatingIfNeeded: offset),
        next: UInt32(truncatingIfNeeded: nodes.count + 1),
        count: 0,
        kind: kind,
        isComplex: isComplex
      )
    )
  }

  private mutating func skipWhiteSpace(_ bytes: Span<UInt8>) {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    guard offset < bytes.count, bytes[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) {
    guard offset < bytes.count else { throw JSONError(.unexpectedEnd, at: offset) }
    guard take(byte, bytes) else { throw JSONError(.unexpectedByte, at: offset) }
  }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

/// The value of a hexadecimal digit; `nil` for any other byte.
func hexadecimal(_ byte: UInt8) -> UInt16? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
  case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
  case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
  default: nil
  }
}
