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

  init(_ name: String) { self.name = name }

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
    state.withLock { $0.point = OperatingPoint(terms, resuming: $0.point) }
  }

  /// Whether shadows leave a hit of such a score.
  func admits(_ score: Float) -> Bool { state.withLock { $0.point?.admits(score) ?? true } }

  /// Takes the comparison of a served answer with a fresh one.
  func observe(_ hit: Verifier.Judgement, isWrong: Bool) -> OperatingPoint.Tightening? {
    state.withLock { $0.point?.observe(score: hit.score, isWrong: isWrong) }
  }

  /// Takes the declared bar again, as a person orders.
  ///
  /// - Returns: the point as it was.
  package func reset() -> OperatingPoint? {
    state.withLock { state in
      defer { state.point?.reset() }
      return state.point
    }
  }

  // MARK: Evidence

  /// Learns whether a candidate's answer agreed with a fresh one.
  func observe(_ judgement: Verifier.Judgement, agrees: Bool) {
    state.withLock { $0.evidence.observe(judgement, agrees: agrees) }
  }
}
