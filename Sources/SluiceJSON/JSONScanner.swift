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
  var start: UInt32 = 0
  /// Offset behind the last byte.
  var end: UInt32 = 0
  /// Index of the node behind this one's subtree.
  var next: UInt32 = 0
  /// Members or elements.
  var count: UInt32 = 0
  var kind = JSONKind.null
  /// A string with a backslash, a number with a fraction or exponent.
  var isComplex = false
}

/// Validates a JSON text and lays out its tape, in one pass.
///
/// Strict by RFC 8259: what it accepts every other strict reader reads the same way, apart from
/// keys that stand twice in one object, which `JSONDocument.repeatedKey(in:)` finds.
/// Linear in the text; one allocation for texts of usual size. One loop and no recursion: until a
/// container closes, its node holds the place of the container around it in `next`.
struct JSONScanner {
  /// Where the next value begins, or, in an object, the name of the next member.
  private var at = 0
  /// Nodes that are laid out.
  private var used = 0
  private let limit: Int
  /// The innermost container that is open; `nil` outside of all.
  private var open: Int?
  private var isInObject = false
  /// Members or elements of `open` so far; those of the others stand in their nodes.
  private var count: UInt32 = 0
  private var depth = 0

  private init(limit: Int) { self.limit = limit }

  static func scan(
    _ bytes: Span<UInt8>,
    maximumNodes: Int = Bounds.jsonNodes
  ) throws(JSONError) -> [JSONNode] {
    guard bytes.count < Int(UInt32.max) else { throw JSONError(.tooLarge, at: 0) }
    var scanner = JSONScanner(limit: maximumNodes)
    scanner.skipWhiteSpace(bytes)
    // A chat body has a node for some ten bytes; a larger guess would cost more than growing.
    var nodes = [JSONNode](repeating: JSONNode(), count: min(bytes.count / 8 + 8, 1_024))
    while true {
      // Through a span, so that no write has to ask whether the array is shared.
      var places = nodes.mutableSpan
      if try scanner.read(bytes, into: &places) { break }
      nodes += repeatElement(JSONNode(), count: nodes.count)
    }
    scanner.skipWhiteSpace(bytes)
    guard scanner.at == bytes.count else { throw JSONError(.trailingBytes, at: scanner.at) }
    nodes.removeLast(nodes.count - scanner.used)
    return nodes
  }

  /// Reads on, up to the end of the value that the text is.
  ///
  /// - Returns: whether it came there; if not, `nodes` is full, and it goes on with more of them.
  private mutating func read(
    _ bytes: Span<UInt8>,
    into nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) -> Bool {
    // A member takes two.
    while used + 2 <= nodes.count {
      if isInObject { try name(bytes, &nodes) }
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      switch bytes[at] {
      case UInt8(ascii: "\""): try string(bytes, &nodes)
      case UInt8(ascii: "{"): if try opens(.object, bytes, &nodes) { continue }
      case UInt8(ascii: "["): if try opens(.array, bytes, &nodes) { continue }
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(bytes, &nodes)
      case UInt8(ascii: "t"):
        try literal(
          .bool,
          [UInt8(ascii: "r"), UInt8(ascii: "u"), UInt8(ascii: "e")],
          bytes,
          &nodes
        )
      case UInt8(ascii: "f"):
        try literal(
          .bool,
          [UInt8(ascii: "a"), UInt8(ascii: "l"), UInt8(ascii: "s"), UInt8(ascii: "e")],
          bytes,
          &nodes
        )
      case UInt8(ascii: "n"):
        try literal(
          .null,
          [UInt8(ascii: "u"), UInt8(ascii: "l"), UInt8(ascii: "l")],
          bytes,
          &nodes
        )
      default: throw JSONError(.unexpectedByte, at: at)
      }
      if try closes(bytes, &nodes) { return true }
    }
    return false
  }

  // MARK: Containers

  /// Reads a member up to its value.
  @inline(__always)
  private mutating func name(
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) {
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    guard bytes[at] == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: at) }
    try string(bytes, &nodes)
    skipWhiteSpace(bytes)
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    guard take(UInt8(ascii: ":"), bytes) else { throw JSONError(.unexpectedByte, at: at) }
    skipWhiteSpace(bytes)
  }

  /// Opens a container.
  ///
  /// - Returns: whether it holds anything; otherwise it is closed.
  private mutating func opens(
    _ kind: JSONKind,
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) -> Bool {
    guard depth < Bounds.jsonNesting else { throw JSONError(.tooDeep, at: at) }
    let start = at
    at += 1
    let index = used
    try append(kind, from: start, isComplex: false, &nodes)
    if let open { nodes[open].count = count }
    nodes[index].next = UInt32(truncatingIfNeeded: open ?? index)
    open = index
    isInObject = kind == .object
    count = 0
    depth += 1
    skipWhiteSpace(bytes)
    guard take(closingBracket, bytes) else { return true }
    close(&nodes)
    return false
  }

  /// Reads what is behind a value, up to the next one.
  ///
  /// - Returns: whether none follows, since it was the last of the text.
  @inline(__always)
  private mutating func closes(
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) -> Bool {
    while open != nil {
      count += 1
      skipWhiteSpace(bytes)
      if take(closingBracket, bytes) {
        close(&nodes)
        continue
      }
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      guard take(UInt8(ascii: ","), bytes) else { throw JSONError(.unexpectedByte, at: at) }
      skipWhiteSpace(bytes)
      return false
    }
    return true
  }

  /// What closes the innermost container.
  private var closingBracket: UInt8 { isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

  /// Closes the innermost container, and goes on with the one around it.
  private mutating func close(_ nodes: inout MutableSpan<JSONNode>) {
    guard let index = open else { return }
    let outer = Int(nodes[index].next)
    nodes[index].end = UInt32(truncatingIfNeeded: at)
    nodes[index].next = UInt32(truncatingIfNeeded: used)
    nodes[index].count = count
    depth -= 1
    // The outermost names itself.
    open = outer == index ? nil : outer
    isInObject = outer != index && nodes[outer].kind == .object
    count = nodes[outer].count
  }

  // MARK: Scalars

  @inline(__always)
  private mutating func string(
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) {
    let start = at
    at = ByteScan.plainEnd(bytes, from: at + 1)
    var hasEscapes = false
    if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
      at += 1
    } else {
      hasEscapes = try stringRest(bytes)
    }
    try append(.string, from: start, isComplex: hasEscapes, &nodes)
  }

  /// Reads on in a string that is not plain.
  ///
  /// - Returns: whether it has escapes.
  private mutating func stringRest(_ bytes: Span<UInt8>) throws(JSONError) -> Bool {
    var hasEscapes = false
    while true {
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        at += 1
        return hasEscapes
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        at = ByteScan.plainEnd(bytes, from: try Self.escapeEnd(bytes, at: at))
      } else if byte < 0x20 {
        throw JSONError(.controlCharacter, at: at)
      } else if byte < 0x80 {
        at = max(at + 1, ByteScan.plainEnd(bytes, from: at))
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

  private mutating func number(
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) {
    let start = at
    var isComplex = false
    _ = take(UInt8(ascii: "-"), bytes)
    if take(UInt8(ascii: "0"), bytes) {
      if at < bytes.count, isDigit(bytes[at]) { throw JSONError(.badNumber, at: at) }
    } else {
      try digits(bytes)
    }
    if take(UInt8(ascii: "."), bytes) {
      isComplex = true
      try digits(bytes)
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      isComplex = true
      at += 1
      if !take(UInt8(ascii: "+"), bytes) { _ = take(UInt8(ascii: "-"), bytes) }
      try digits(bytes)
    }
    try append(.number, from: start, isComplex: isComplex, &nodes)
  }

  @inline(__always)
  private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) {
    guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
    guard isDigit(bytes[at]) else { throw JSONError(.badNumber, at: at) }
    while at < bytes.count, isDigit(bytes[at]) { at += 1 }
  }

  /// Reads a word of which the first letter decided, and `rest` follows.
  @inline(__always)
  private mutating func literal<let count: Int>(
    _ kind: JSONKind,
    _ rest: InlineArray<count, UInt8>,
    _ bytes: Span<UInt8>,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) {
    let start = at
    at += 1
    for index in rest.indices {
      guard at < bytes.count else { throw JSONError(.unexpectedEnd, at: at) }
      guard bytes[at] == rest[index] else { throw JSONError(.badLiteral, at: start) }
      at += 1
    }
    try append(kind, from: start, isComplex: false, &nodes)
  }

  // MARK: Bytes

  @inline(__always)
  private mutating func append(
    _ kind: JSONKind,
    from start: Int,
    isComplex: Bool,
    _ nodes: inout MutableSpan<JSONNode>
  ) throws(JSONError) {
    guard used < limit else { throw JSONError(.tooLarge, at: start) }
    nodes[used] = JSONNode(
      start: UInt32(truncatingIfNeeded: start),
      end: UInt32(truncatingIfNeeded: at),
      next: UInt32(truncatingIfNeeded: used + 1),
      count: 0,
      kind: kind,
      isComplex: isComplex
    )
    used += 1
  }

  @inline(__always)
  private mutating func skipWhiteSpace(_ bytes: Span<UInt8>) {
    while at < bytes.count, bytes[at] <= 0x20 {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
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
