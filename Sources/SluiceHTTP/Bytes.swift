/// ASCII that the codec compares with.
enum ASCII {
  static let tab: UInt8 = 0x09
  static let lf: UInt8 = 0x0A
  static let cr: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let comma = UInt8(ascii: ",")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
}

/// What a byte may be in a head, by the grammar of RFC 9110 section 5.
enum ByteClass {
  /// `tchar` of section 5.6.2, which methods and field names are made of.
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte >> 6 {
    case 0: tokensBelow64 >> byte & 1 == 1
    case 1: tokensFrom64 >> (byte & 63) & 1 == 1
    default: false
    }
  }

  /// A bit for each of the digits and of the nine marks below 64.
  private static let tokensBelow64: UInt64 = 0x03ff_6cfa_0000_0000
  /// A bit for each of the letters and of the five marks from 64, counted from there.
  private static let tokensFrom64: UInt64 = 0x57ff_ffff_c7ff_fffe

  /// What a field value may hold (section 5.5): visible ASCII, space, tab, and `obs-text`.
  static func isFieldValue(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F || byte == ASCII.tab
  }

  /// What a request target may hold: visible ASCII without the fragment mark.
  static func isTarget(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#")
  }

  /// What a host and port may hold (RFC 3986 section 3.2.2); no user information, no list.
  static func isAuthority(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ":"),
      UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }

  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
  }
}

extension [UInt8] {
  /// Appends a copy of `span`.
  package mutating func append(copying span: Span<UInt8>) {
    append(addingCapacity: span.count) { output in
      for index in span.indices { output.append(span[index]) }
    }
  }
}
