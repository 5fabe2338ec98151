/// ASCII that the codec compares with.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lf: UInt8 = 0x0A
  static let cr: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let delete: UInt8 = 0x7F
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
}

/// What a byte may be in a head, by the grammar of RFC 9110 section 5.
enum ByteClass {
  /// `tchar` of section 5.6.2, which methods and field names are made of.
  ///
  /// Letters, digits and ``!#$%&'*+-.^_`|~``, as one bit each.
  static func isToken(_ byte: UInt8) -> Bool {
    isIn(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE, byte)
  }

  /// What a field value may hold (section 5.5): visible ASCII, space, tab, and `obs-text`.
  static func isFieldValue(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F || byte == ASCII.tab
  }

  /// What a request target may hold: visible ASCII without the fragment mark.
  static func isTarget(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
  }

  /// What a host and port may hold (RFC 3986 section 3.2.2); no user information, no list.
  ///
  /// Letters, digits and `-._~%:[]`, as one bit each.
  static func isAuthority(_ byte: UInt8) -> Bool {
    isIn(low: 0x07FF_6020_0000_0000, high: 0x47FF_FFFE_AFFF_FFFE, byte)
  }

  private static func isIn(low: UInt64, high: UInt64, _ byte: UInt8) -> Bool {
    byte < 128 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}

extension Span<UInt8> {
  /// The offset of the first byte from `start` on that is not of a class; `count` if all are.
  @inline(__always)
  func end(of isInClass: (UInt8) -> Bool, from start: Int) -> Int {
    // Of a part of its own, whose bounds are then those of the loop.
    let rest = extracting(start..<count)
    var offset = 0
    while offset < rest.count, isInClass(rest[offset]) { offset += 1 }
    return start + offset
  }

  /// Whether these are the bytes of `other`.
  func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for offset in 0..<count where self[offset] != other[offset] { return false }
    return true
  }
}

extension String {
  /// Whether it begins with `prefix`, given in lower case, but for case.
  package func hasPrefix(ignoringCase prefix: String) -> Bool {
    let (bytes, wanted) = (utf8.span, prefix.utf8.span)
    return bytes.count >= wanted.count && isSame(bytes, 0..<wanted.count, wanted)
  }
}

extension [UInt8] {
  /// Appends a copy of `span`.
  package mutating func append(copying span: Span<UInt8>) {
    let start = count
    append(addingCapacity: span.count) { $0.append(repeating: 0, count: span.count) }
    // Over bytes that are there already: such a loop is compiled to a block copy, appending is not.
    var bytes = mutableSpan
    for index in 0..<span.count { bytes[start + index] = span[index] }
  }
}
