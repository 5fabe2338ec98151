import Testing

@testable import SluiceStores

@Suite("Vector kernels")
struct VectorKernelsTests {
  static let dimensions = [1, 7, 8, 15, 16, 17, 127, 128, 129, 384, 768, 1_000]

  /// Whole numbers, whose products and sums floats hold exactly.
  private func vector(_ dimension: Int, _ seed: UInt64) -> [Float] {
    var state = seed
    return (0..<dimension)
      .map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int(state >> 56) - 128)
      }
  }

  @Test("the product is exact where floats are, at any place among rows", arguments: dimensions)
  func product(dimension: Int) {
    let vectors = (1...5).map { vector(dimension, $0) }
    let rows = vectors.flatMap(VectorKernels.floats)
    let size = VectorKernels.floatBlocks(dimension: dimension)
    #expect(rows.count == 5 * size)
    let query = vector(dimension, 9)
    let row = VectorKernels.floats(query)
    for (index, other) in vectors.enumerated() {
      let expected = zip(query, other).reduce(0) { $0 + Int($1.0) * Int($1.1) }
      #expect(
        VectorKernels.product(row.span, rows.span, from: index * size) == Float(expected)
      )
    }
  }

  @Test("the distance counts the signs that differ", arguments: dimensions)
  func distance(dimension: Int) {
    let vectors = (1...5).map { vector(dimension, $0) }
    let rows = vectors.flatMap(VectorKernels.signs)
    let size = VectorKernels.signBlocks(dimension: dimension)
    #expect(rows.count == 5 * size)
    let query = vector(dimension, 9)
    let row = VectorKernels.signs(query)
    for (index, other) in vectors.enumerated() {
      let expected = zip(query, other).count { ($0 < 0) != ($1 < 0) }
      #expect(VectorKernels.distance(row.span, rows.span, from: index * size) == expected)
    }
  }

  @Test("opposite vectors differ in every sign, equal ones in none")
  func extremes() {
    let vector = vector(384, 3).map { $0 == 0 ? 1 : $0 }
    let row = VectorKernels.signs(vector)
    let other = VectorKernels.signs(vector.map { -$0 })
    #expect(VectorKernels.distance(row.span, row.span, from: 0) == 0)
    #expect(VectorKernels.distance(row.span, other.span, from: 0) == 384)
  }
}
