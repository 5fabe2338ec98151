package import SluiceCore
internal import SluicePipeline
internal import Synchronization

/// What one product has taught the semantic cache.
///
/// Safe from any thread.
package final class ProductMemory: Sendable {
  private struct State {
    var learnt: Learnt
    /// `nil` until the first policy is served that has the product.
    var point: OperatingPoint?
    /// Whether something came since it was last kept.
    var isFresh = false
    /// On the monotonic clock; `nil`: never.
    var keptAt: Int64?
  }
  package let name: String
  private let state: Mutex<State>
  private let encoder: Digest
  private let kept: KeptStates

  /// - Parameters:
  ///   - name: of the product.
  ///   - encoder: the fingerprint of what makes the vectors, whose scores it learns about.
  ///   - kept: where it outlives the process; what is found there is gone on with.
  init(_ name: String, of encoder: Digest, kept: KeptStates = .none) {
    self.name = name
    self.encoder = encoder
    self.kept = kept
    let before = kept.read(Self.slot(of: name)).flatMap { Learnt(bytes: $0, of: encoder) }
    state = Mutex(State(learnt: before ?? Learnt()))
  }

  private static func slot(of product: String) -> String { "semantic evidence \(product)" }
  private static func pointSlot(of product: String) -> String { "operating point \(product)" }

  /// How often its answers were compared.
  package var observations: Int { state.withLock { $0.learnt.evidence.observations } }

  /// What the rule goes by; the words of a question that is asked are counted first.
  ///
  /// Not on a loop: at times all of it is written down, which takes some 20 µs.
  func learnt(
    asking words: [Meaning.Word],
    at moment: Moment
  ) -> (evidence: Evidence, traffic: WordCounts) {
    state.withLock { state in
      if !words.isEmpty {
        state.learnt.traffic.add(words.map(\.text))
        keepAtTimes(&state, at: moment)
      }
      return (state.learnt.evidence, state.learnt.traffic)
    }
  }

  // MARK: The bar

  /// The score that its hits need, as shadows have left it, and what they saw.
  package var point: OperatingPoint? { state.withLock { $0.point } }

  /// Goes by what a policy says; what was tightened stays so unless that has changed.
  func follow(_ terms: OperatingPoint.Terms) {
    state.withLock { state in
      let last =
        state.point ?? kept.read(Self.pointSlot(of: name)).flatMap { OperatingPoint(bytes: $0) }
      state.point = OperatingPoint(terms, resuming: last)
    }
  }

  /// Whether shadows leave a hit of such a score.
  func admits(_ score: Float) -> Bool { state.withLock { $0.point?.admits(score) ?? true } }

  /// Takes the comparison of a served answer with a fresh one.
  func observe(_ hit: Verifier.Judgement, isWrong: Bool) -> OperatingPoint.Tightening? {
    state.withLock { state in
      let tightening = state.point?.observe(score: hit.score, isWrong: isWrong)
      keepPoint(state)
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
      keepPoint(state)
      return before
    }
  }

  /// Under the lock, so that what is kept last is what holds.
  private func keepPoint(_ state: State) {
    if let point = state.point { kept.write(Self.pointSlot(of: name), point.bytes) }
  }

  // MARK: Evidence

  /// Learns whether a candidate's answer agreed with a fresh one.
  func observe(_ judgement: Verifier.Judgement, agrees: Bool, at moment: Moment) {
    state.withLock { state in
      state.learnt.evidence.observe(judgement, agrees: agrees)
      keepAtTimes(&state, at: moment)
    }
  }

  // MARK: Keeping

  private func keepAtTimes(_ state: inout State, at moment: Moment) {
    state.isFresh = true
    let wait = Bounds.learntKeepingMilliseconds * 1_000_000
    if let last = state.keptAt, moment.monotonic - last < wait { return }
    state.keptAt = moment.monotonic
    keep(&state)
  }

  /// Under the lock, so that what is kept last is what holds.
  private func keep(_ state: inout State) {
    guard state.isFresh else { return }
    state.isFresh = false
    kept.write(Self.slot(of: name), state.learnt.bytes(of: encoder))
  }

  /// Keeps what came since it was last kept.
  func writeOut() { state.withLock { keep(&$0) } }

  /// Has nothing kept any more.
  func forget() {
    kept.write(Self.slot(of: name), [])
    kept.write(Self.pointSlot(of: name), [])
  }
}

/// Small states that outlive the process, by their names.
package struct KeptStates: Sendable {
  let read: @Sendable (String) -> [UInt8]?
  /// Must not wait; no bytes forget the state.
  let write: @Sendable (String, [UInt8]) -> Void

  package init(
    read: @escaping @Sendable (String) -> [UInt8]?,
    write: @escaping @Sendable (String, [UInt8]) -> Void
  ) {
    self.read = read
    self.write = write
  }

  /// Keeps none.
  package static let none = KeptStates(read: { _ in nil }, write: { _, _ in })
}

/// What a product's answers and questions have taught, as it is kept: 9 KiB.
package struct Learnt: Sendable, Equatable {
  /// Changes with the layout of the bytes, and with what the numbers mean.
  private static let layout: UInt64 = 1

  package var evidence = Evidence()
  package var traffic = WordCounts()

  package init() {}

  /// All of it: the layout, the encoder, evidence and words, in words of eight bytes, the lowest
  /// first.
  package func bytes(of encoder: Digest) -> [UInt8] {
    let words = [Self.layout] + evidence.words + traffic.words
    var bytes = encoder.bytes
    bytes.reserveCapacity(bytes.count + words.count * 8)
    for word in words {
      for place in 0..<8 as Range<UInt64> {
        bytes.append(UInt8(truncatingIfNeeded: word >> (8 * place)))
      }
    }
    return bytes
  }

  /// Reads `bytes(of:)`; `nil` for anything else, and for another encoder's, which means to begin
  /// anew.
  package init?(bytes: [UInt8], of encoder: Digest) {
    guard bytes.count >= 40, bytes.count.isMultiple(of: 8),
      Digest(exactly: bytes[..<32]) == encoder
    else { return nil }
    var words: [UInt64] = []
    words.reserveCapacity(bytes.count / 8)
    for start in stride(from: 32, to: bytes.count, by: 8) {
      var word: UInt64 = 0
      for byte in bytes[start..<start + 8].reversed() { word = word << 8 | UInt64(byte) }
      words.append(word)
    }
    guard words[0] == Self.layout,
      words.count == 1 + Evidence.wordCount + WordCounts.wordCount,
      let evidence = Evidence(words: words[1...].prefix(Evidence.wordCount)),
      let traffic = WordCounts(words: words.suffix(WordCounts.wordCount))
    else { return nil }
    self.evidence = evidence
    self.traffic = traffic
  }
}
