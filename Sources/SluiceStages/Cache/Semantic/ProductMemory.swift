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

  /// Learns whether a candidate's answer agreed with a fresh one.
  func observe(_ judgement: Verifier.Judgement, agrees: Bool) {
    state.withLock { $0.evidence.observe(judgement, agrees: agrees) }
  }
}
