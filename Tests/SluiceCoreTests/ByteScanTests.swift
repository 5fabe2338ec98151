import SluiceCore
import Testing

/// Scanning eight bytes at a time finds what scanning one at a time finds.
struct ByteScanTests {
  @Test("finds the first line end, wherever it stands", arguments: [UInt8(0x0A), 0x0D])
  func lineEnds(end: UInt8) {
    // What surrounds the two, and what has the high bit, must not be taken for them.
    let others: [UInt8] = [0x0B, 0x09, 0x0C, 0x0E, 0x8A, 0x8D, 0x00, 0xFF]
    for length in 0..<24 {
      let text = (0..<length).map { others[$0 % 8] }
      for start in 0...length {
        #expect(ByteScan.lineEnd(text.span, from: start) == length)
      }
      for place in 0..<length {
        var line = text
        line[place] = end
        for start in 0...place {
          #expect(ByteScan.lineEnd(line.span, from: start) == place)
        }
      }
    }
  }

  @Test(
    "finds the first byte of a string that is not plain",
    arguments: [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x1F, 0x00, 0x80, 0xFF]
  )
  func plain(byte: UInt8) {
    for place in 0..<16 {
      var text = [UInt8](repeating: 0x7F, count: 24)
      text[place] = byte
      text[place + 1] = UInt8(ascii: "\"")
      #expect(ByteScan.plainEnd(text.span, from: 0) == place)
    }
  }
}
