package import SluiceCore
internal import SluiceDialects
internal import SluicePipeline

/// A semantic hit whose question is asked too, behind the client's back, to compare the answers.
///
/// It leads a flight that nobody follows and nothing is stored of, so that the attempt keeps its
/// answer whole; at the end of its exchange the answer goes to be compared.
final class Shadow: LeadingFlight, Obligation {
  private let memory: SemanticMemory
  private let product: ProductMemory
  private let judgement: Verifier.Judgement
  /// What the client was told.
  private let served: String

  init(
    memory: SemanticMemory,
    product: ProductMemory,
    judgement: Verifier.Judgement,
    served: String
  ) {
    self.memory = memory
    self.product = product
    self.judgement = judgement
    self.served = served
  }

  /// Whether a question is one of the share: the same one always, or never.
  static func samples(_ key: Digest, share: Double) -> Bool {
    Double(key.leadingBits) < share * 0x1p64
  }

  var hasFollowers: Bool { false }

  func whenDeserted(_ action: @escaping @Sendable () -> Void) { action() }

  func finish(_ exchange: Exchange, at moment: Moment) {
    guard exchange.attempts > 0 else {
      return memory.count(.refused, of: product)
    }
    guard let answer = exchange.answer, answer.isComplete,
      let fresh = ModelReply(answer.body)?.onlyText
    else { return memory.count(.failed, of: product) }
    memory.judge(served, by: fresh, judgement, for: product, at: moment)
  }
}

/// What became of a semantic hit that was to be compared.
package enum ShadowResult: String, Sendable, CaseIterable {
  case agree
  case differ
  /// The fresh answer did not come whole, or was none that is compared.
  case failed
  /// A switch, a breaker or a budget was against it.
  case refused
  /// As many exchanges without a client run as may, or comparisons wait.
  case full
}

/// A comparison of a served answer with a fresh one, as calibration reads it.
package struct ShadowRecord: Sendable, Equatable {
  package let product: String
  package let score: Float
  package let agrees: Bool
  package let moment: Moment
}

/// The last comparisons.
struct ShadowRecords: Sendable {
  private var recent: [ShadowRecord] = []
  private var older: [ShadowRecord] = []

  /// The oldest first, from half of `Bounds.shadowRecords` to all of it where there were so many.
  var all: [ShadowRecord] { older + recent }

  mutating func add(_ record: ShadowRecord) {
    if recent.count >= Bounds.shadowRecords / 2 {
      older = recent
      recent = []
    }
    recent.append(record)
  }
}
