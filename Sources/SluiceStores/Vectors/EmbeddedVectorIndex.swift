package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// Kept questions in the memory of this process.
///
/// Isolation: any thread. One lock, held for a look-up, which takes as long as its context is large.
package final class EmbeddedVectorIndex: VectorIndex {
  private let table: Mutex<VectorTable>

  /// - Parameters:
  ///   - dimension: floats of the encoder's vectors.
  ///   - capacity: bytes.
  package init(dimension: Int, capacity: Int = Bounds.vectorBytes) {
    table = Mutex(VectorTable(dimension: dimension, capacity: capacity))
  }

  package var count: Int { table.withLock { $0.count } }
  package var bytes: Int { table.withLock { $0.bytes } }

  package func nearest(
    to vector: [Float],
    with facts: FactDigests,
    in context: Digest,
    count: Int,
    at moment: Moment
  ) -> Neighbours {
    table.withLock {
      $0.nearest(to: vector, with: facts, in: context, count: count, at: moment)
    }
  }

  package func insert(
    _ question: KeptQuestion,
    meaning vector: [Float],
    in context: Digest,
    at moment: Moment
  ) -> UInt64 {
    table.withLock { $0.insert(question, meaning: vector, in: context, at: moment) }
  }

  package func note(_ agree: Bool, _ one: UInt64, _ other: UInt64) {
    table.withLock { $0.note(agree, one, other) }
  }

  package func touch(_ id: UInt64) { table.withLock { $0.touch(id) } }

  package func remove(_ id: UInt64) { table.withLock { $0.remove(id) } }
}
