package import SluiceCore
package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// Kept questions whose vectors an upstream makes, of a length that is known with the first.
///
/// Vectors of another length are another encoder's: neither found nor kept. Isolation: any thread.
package final class UpstreamVectorIndex: VectorIndex {
  private let model: Digest
  private let capacity: Int
  private let journal: CacheJournal?
  private let now: @Sendable () -> Moment
  private let state = Mutex<(dimension: Int, index: EmbeddedVectorIndex)?>(nil)

  /// Makes an index for vectors of `model`; with a `journal`, of those that were kept there.
  ///
  /// - Parameters:
  ///   - model: makes the vectors.
  ///   - capacity: bytes.
  ///   - journal: of the cache that holds the answers.
  ///   - now: the time, readable from any thread.
  package init(
    of model: ModelSettings,
    capacity: Int = Bounds.vectorBytes,
    journal: CacheJournal? = nil,
    now: @escaping @Sendable () -> Moment
  ) {
    self.model = Self.name(of: model)
    self.capacity = capacity
    self.journal = journal
    self.now = now
  }

  /// Names what makes the vectors, whatever their length: the model, what its upstream calls it, and
  /// the upstream.
  package static func name(of model: ModelSettings) -> Digest {
    let parts = [model.name, model.upstreamName, model.upstream]
    return Digest(of: Array("sluice embedder 1\n\(parts.joined(separator: "\n"))".utf8))
  }

  /// The index of vectors of so many floats; `nil` if others have another number.
  private func index(of dimension: Int) -> EmbeddedVectorIndex? {
    state.withLock { state in
      if let state { return state.dimension == dimension ? state.index : nil }
      let fingerprint = Digest(of: model.bytes + Array("\(dimension)".utf8))
      let index =
        journal.map {
          EmbeddedVectorIndex(
            of: fingerprint,
            dimension: dimension,
            capacity: capacity,
            journal: $0,
            at: now()
          )
        } ?? EmbeddedVectorIndex(dimension: dimension, capacity: capacity)
      state = (dimension, index)
      return index
    }
  }

  private var known: EmbeddedVectorIndex? { state.withLock { $0?.index } }

  package var count: Int { known?.count ?? 0 }
  package var bytes: Int { known?.bytes ?? 0 }

  package func nearest(
    to vector: [Float],
    with facts: FactDigests,
    in context: Digest,
    count: Int,
    at moment: Moment
  ) -> Neighbours {
    index(of: vector.count)?
      .nearest(to: vector, with: facts, in: context, count: count, at: moment)
      ?? Neighbours(same: [], other: nil)
  }

  package func insert(
    _ question: KeptQuestion,
    meaning vector: [Float],
    in context: Digest,
    at moment: Moment
  ) -> UInt64 {
    // 0 names no question.
    index(of: vector.count)?.insert(question, meaning: vector, in: context, at: moment) ?? 0
  }

  package func note(_ agree: Bool, _ one: UInt64, _ other: UInt64) {
    known?.note(agree, one, other)
  }

  package func touch(_ id: UInt64) { known?.touch(id) }

  package func remove(_ id: UInt64) { known?.remove(id) }
}
