internal import SluiceCore
internal import SluicePipeline
internal import Synchronization

/// What one product has taught the semantic cache.
///
/// Safe from any thread.
package final class ProductMemory: Sendable {
  private struct State {
    var evidence = Evidence()
    var traffic = WordCounts()
    /// `nil` until the first policy is served that has the product.
    var point: OperatingPoint?
  }
  package let name: String
  private let state = Mutex(State())
  private let kept: KeptPoints

  init(_ name: String, kept: KeptPoints) {
    self.name = name
    self.kept = kept
  }

  /// How often its answers were compared.
  package var observations: Int { state.withLock { $0.evidence.observations } }

  /// What the rule goes by; the words of a question that is asked are counted first.
  func learnt(asking words: [Meaning.Word]) -> (evidence: Evidence, traffic: WordCounts) {
    state.withLock { state in
      state.traffic.add(words.map(\.text))
      return (state.evidence, state.traffic)
    }
  }

  // MARK: The bar

  /// The score that its hits need, as shadows have left it, and what they saw.
  package var point: OperatingPoint? { state.withLock { $0.point } }

  /// Goes by what a policy says; what was tightened stays so unless that has changed.
  func follow(_ terms: OperatingPoint.Terms) {
    state.withLock { state in
      let last = state.point ?? kept.read(name).flatMap { OperatingPoint(bytes: $0) }
      state.point = OperatingPoint(terms, resuming: last)
    }
  }

  /// Whether shadows leave a hit of such a score.
  func admits(_ score: Float) -> Bool { state.withLock { $0.point?.admits(score) ?? true } }

  /// Takes the comparison of a served answer with a fresh one.
  func observe(_ hit: Verifier.Judgement, isWrong: Bool) -> OperatingPoint.Tightening? {
    state.withLock { state in
      let tightening = state.point?.observe(score: hit.score, isWrong: isWrong)
      keep(state)
      return tightening
    }
  }

  /// Takes the declared bar again, as a person orders.
  ///
  /// - Returns: the point as it was.
  package func reset() -> OperatingPoint? {
    state.withLock { state in
      let before = state.point
      state.point?.reset()
      keep(state)
      return before
    }
  }

  /// Under the lock, so that what is kept last is what holds.
  private func keep(_ state: State) {
    if let point = state.point { kept.write(name, point.bytes) }
  }

  // MARK: Evidence

  /// Learns whether a candidate's answer agreed with a fresh one.
  func observe(_ judgement: Verifier.Judgement, agrees: Bool) {
    state.withLock { $0.evidence.observe(judgement, agrees: agrees) }
  }
}

/// Where the operating points of products outlive the process, some 600 bytes each, by the product's
/// name.
package struct KeptPoints: Sendable {
  let read: @Sendable (String) -> [UInt8]?
  /// Must not wait.
  let write: @Sendable (String, [UInt8]) -> Void

  package init(
    read: @escaping @Sendable (String) -> [UInt8]?,
    write: @escaping @Sendable (String, [UInt8]) -> Void
  ) {
    self.read = read
    self.write = write
  }

  /// Keeps none.
  package static let none = KeptPoints(read: { _ in nil }, write: { _, _ in })
}
