/// The checksum of the journal's records: CRC-32C (RFC 3720 section 12.1), four bytes a step.
///
/// Finds every burst of up to 32 flipped bits, which is what disks and torn writes produce.
enum CRC32C {
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// Four tables of 256, one after the other: table *k* advances a byte by *k* further bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 4 * 256)
    for byte in 0..<256 {
      var word = UInt32(byte)
      for _ in 0..<8 { word = word & 1 == 1 ? word >> 1 ^ polynomial : word >> 1 }
      tables[byte] = word
    }
    for table in 1..<4 {
      for byte in 0..<256 {
        let before = tables[(table - 1) * 256 + byte]
        tables[table * 256 + byte] = before >> 8 ^ tables[Int(before & 0xff)]
      }
    }
    return tables
  }()

  static func of(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
    let span = bytes.span.extracting(range)
    let tables = tables.span
    var sum = ~UInt32.zero
    var place = 0
    while place + 4 <= span.count {
      sum ^=
        UInt32(span[place])
        | UInt32(span[place + 1]) << 8
        | UInt32(span[place + 2]) << 16
        | UInt32(span[place + 3]) << 24
      sum =
        tables[768 + Int(sum & 0xff)]
        ^ tables[512 + Int(sum >> 8 & 0xff)]
        ^ tables[256 + Int(sum >> 16 & 0xff)]
        ^ tables[Int(sum >> 24)]
      place += 4
    }
    while place < span.count {
      sum = sum >> 8 ^ tables[Int((sum ^ UInt32(span[place])) & 0xff)]
      place += 1
    }
    return ~sum
  }
}
