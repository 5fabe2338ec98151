/// A byte for every code point, found in constant time.
struct ScalarTable: Sendable {
  /// By code point / 128, where its block begins in `bytes`, / 128.
  private let blocks: [UInt16]
  private let bytes: [UInt8]

  /// Lays runs out; about 5 ms.
  ///
  /// - Parameter runs: where a byte begins to hold: the code point above the eight bits of the
  ///   byte, ascending from 0. Each lasts until the next begins.
  init(runs: [UInt32]) {
    var blocks: [UInt16] = []
    var bytes: [UInt8] = []
    var known: [[UInt8]: UInt16] = [:]
    var run = 0
    for start in stride(from: UInt32(0), to: 0x110000, by: 128) {
      let block = (start..<start + 128)
        .map { point in
          while run + 1 < runs.count, runs[run + 1] >> 8 <= point { run += 1 }
          return UInt8(truncatingIfNeeded: runs[run])
        }
      if let place = known[block] {
        blocks.append(place)
      } else {
        let place = UInt16(bytes.count / 128)
        known[block] = place
        blocks.append(place)
        bytes += block
      }
    }
    self.blocks = blocks
    self.bytes = bytes
  }

  @inline(__always)
  subscript(ascii byte: UInt8) -> UInt8 {
    // The first block is the first that was laid out.
    bytes[Int(byte)]
  }

  @inline(__always)
  subscript(point: UInt32) -> UInt8 {
    bytes[Int(blocks[Int(point >> 7)]) << 7 | Int(point & 127)]
  }
}
