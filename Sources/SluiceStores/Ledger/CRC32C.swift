/// The checksum of the journal's records: CRC-32C (RFC 3720 section 12.1), eight bytes a step.
///
/// Finds every burst of up to 32 flipped bits, which is what disks and torn writes produce.
enum CRC32C {
  private static let polynomial: UInt32 = 0x82f6_3b78

  /// Eight tables of 256, one after the other: table *k* advances a byte by *k* further bytes.
  ///
  /// Inline, so that the compiler knows their size and need not check a byte's place in them.
  private static let tables: InlineArray<2048, UInt32> = {
    var tables = InlineArray<2048, UInt32>(repeating: 0)
    for byte in 0..<256 {
      var word = UInt32(byte)
      for _ in 0..<8 { word = word & 1 == 1 ? word >> 1 ^ polynomial : word >> 1 }
      tables[byte] = word
    }
    for table in 1..<8 {
      for byte in 0..<256 {
        let before = tables[(table - 1) * 256 + byte]
        tables[table * 256 + byte] = before >> 8 ^ tables[Int(before & 0xff)]
      }
    }
    return tables
  }()

  static func of(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
    let span = bytes.span.extracting(range)
    var sum = ~UInt32.zero
    var place = 0
    while place + 8 <= span.count {
      let step = span.extracting(place..<(place + 8))
      sum ^=
        UInt32(step[0]) | UInt32(step[1]) << 8 | UInt32(step[2]) << 16 | UInt32(step[3]) << 24
      sum =
        tables[1792 + Int(sum & 0xff)]
        ^ tables[1536 + Int(sum >> 8 & 0xff)]
        ^ tables[1280 + Int(sum >> 16 & 0xff)]
        ^ tables[1024 + Int(sum >> 24)]
        ^ tables[768 + Int(step[4])]
        ^ tables[512 + Int(step[5])]
        ^ tables[256 + Int(step[6])]
        ^ tables[Int(step[7])]
      place += 8
    }
    while place < span.count {
      sum = sum >> 8 ^ tables[Int((sum ^ UInt32(span[place])) & 0xff)]
      place += 1
    }
    return ~sum
  }
}
