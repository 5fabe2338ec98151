package import SluiceCore
package import SluicePipeline
internal import Synchronization

/// Kept questions in the memory of this process.
///
/// Isolation: any thread. One lock, held for a look-up, which takes as long as its context is large.
package final class EmbeddedVectorIndex: VectorIndex {
  private let table: Mutex<VectorTable>
  private let journal: CacheJournal?
  /// The fingerprint of the encoder, for the journal.
  package let encoder: Digest

  /// Makes an index.
  ///
  /// - Parameters:
  ///   - dimension: floats of the encoder's vectors.
  ///   - capacity: bytes.
  package init(dimension: Int, capacity: Int = Bounds.vectorBytes) {
    table = Mutex(VectorTable(dimension: dimension, capacity: capacity))
    journal = nil
    encoder = Digest(of: [])
  }

  /// Makes an index that begins with the questions that `journal` holds of this encoder, and has
  /// every question written down.
  ///
  /// - Parameters:
  ///   - encoder: the fingerprint of whatever makes the vectors.
  ///   - dimension: floats of its vectors.
  ///   - capacity: bytes.
  ///   - journal: of the cache that holds the answers.
  ///   - moment: now.
  package init(
    of encoder: Digest,
    dimension: Int,
    capacity: Int = Bounds.vectorBytes,
    journal: CacheJournal,
    at moment: Moment
  ) {
    var table = VectorTable(dimension: dimension, capacity: capacity)
    for row in journal.takeQuestions(of: encoder) { table.restore(row, at: moment) }
    self.table = Mutex(table)
    self.journal = journal
    self.encoder = encoder
    journal.attach(self)
  }

  /// The next rows in the order in which they lie, and where to go on; `nil`: that was all.
  func rows(from place: Int, count: Int) -> (rows: [VectorRow], next: Int?) {
    table.withLock { $0.rows(from: place, count: count) }
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
    table.withLock { table in
      let id = table.insert(question, meaning: vector, in: context, at: moment)
      if let journal, let row = table.row(id) { journal.keep(row, of: encoder) }
      return id
    }
  }

  package func note(_ agree: Bool, _ one: UInt64, _ other: UInt64) {
    table.withLock { $0.note(agree, one, other) }
    journal?.note(agree, one, other, of: encoder)
  }

  package func touch(_ id: UInt64) { table.withLock { $0.touch(id) } }

  package func remove(_ id: UInt64) { table.withLock { $0.remove(id) } }
}
