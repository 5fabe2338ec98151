package import SluiceCore
package import SluicePipeline

/// A kept question with all that the index knows of it, as it is written down.
package struct VectorRow: Sendable, Equatable {
  package let id: UInt64
  package let context: Digest
  package let question: KeptQuestion
  /// Whole blocks, two words each.
  package let signs: [UInt64]
  /// Whole blocks, sixteen each.
  package let bytes: [Int8]
  package let scale: Float
  package let agreements: [UInt64: Bool]
}
