/// The arithmetic of nearest vectors, over flat arrays of blocks.
///
/// A vector is a row of whole blocks, filled up with zeros, which change neither product nor
/// distance; rows stand one after the other. Blocks are SIMD values, so that the compiler keeps them
/// in registers whatever the processor, and nothing is loaded through a pointer.
package enum VectorKernels {
  /// Eight floats.
  package typealias Floats = SIMD8<Float>
  /// The signs of 128 floats.
  package typealias Signs = SIMD2<UInt64>

  /// How many blocks of floats a vector takes: an even number.
  package static func floatBlocks(dimension: Int) -> Int { (dimension + 15) / 16 * 2 }

  /// How many blocks of signs a vector takes.
  package static func signBlocks(dimension: Int) -> Int { (dimension + 127) / 128 }

  /// A vector as a row of floats.
  package static func floats(_ vector: [Float]) -> [Floats] {
    (0..<floatBlocks(dimension: vector.count))
      .map { block in
        var floats = Floats()
        for lane in 0..<8 where block * 8 + lane < vector.count {
          floats[lane] = vector[block * 8 + lane]
        }
        return floats
      }
  }

  /// A vector as a row of signs: a bit is set where its float is below zero.
  package static func signs(_ vector: [Float]) -> [Signs] {
    (0..<signBlocks(dimension: vector.count))
      .map { block in
        var signs = Signs()
        for bit in 0..<128 where block * 128 + bit < vector.count && vector[block * 128 + bit] < 0 {
          signs[bit >> 6] |= 1 << UInt64(bit & 63)
        }
        return signs
      }
  }

  /// The product of a row with the one that begins at `start` of `rows`: the cosine, if both are as
  /// long as 1.
  ///
  /// Some 0.1 µs for 384 dimensions.
  @inline(__always)
  package static func product(
    _ row: Span<Floats>,
    _ rows: Span<Floats>,
    from start: Int
  ) -> Float {
    // Two sums, so that an addition need not wait for the one before.
    var even = Floats()
    var odd = Floats()
    for block in stride(from: 0, to: row.count, by: 2) {
      even += row[block] * rows[start + block]
      odd += row[block + 1] * rows[start + block + 1]
    }
    return (even + odd).sum()
  }

  /// In how many signs a row differs from the one that begins at `start` of `rows`.
  ///
  /// Some 4 ns for 384 dimensions, without an instruction that counts bits.
  @inline(__always)
  package static func distance(
    _ row: Span<Signs>,
    _ rows: Span<Signs>,
    from start: Int
  ) -> Int {
    var sum = Signs()
    for block in 0..<row.count { sum &+= (row[block] ^ rows[start + block]).nonzeroBitCount }
    return Int(sum[0] &+ sum[1])
  }
}
