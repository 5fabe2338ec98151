internal import SluiceCore
internal import SluicePipeline
internal import Synchronization

/// An answer that is being asked for and may be kept: its key, and the flight that waits for it.
///
/// The exact-cache node puts it on the exchange; the store node keeps the answer under it. It ends
/// its flight once: when the answer was stored, or when the exchange ends without.
final class PendingAnswer: LeadingFlight, Obligation {
  let key: Digest
  let product: String
  let rules: ExactCacheStage.Rules
  /// What an invalidation can name of it.
  let tags: [String]
  /// The point before the attempt that decides whether an invalidation came between.
  let epoch: UInt64
  private let flights: FlightTable?
  private let hasLanded = Mutex(false)
  private let asked = Mutex<AskedQuestion?>(nil)

  /// Makes the pending answer of an exchange; without `flights` nobody can wait for it.
  init(
    key: Digest,
    product: String,
    rules: ExactCacheStage.Rules,
    tags: [String],
    epoch: UInt64,
    flights: FlightTable?
  ) {
    self.key = key
    self.product = product
    self.rules = rules
    self.tags = tags
    self.epoch = epoch
    self.flights = flights
  }

  var hasFollowers: Bool {
    !hasLanded.withLock { $0 } && flights?.hasFollowers(key) == true
  }

  func whenDeserted(_ action: @escaping @Sendable () -> Void) {
    guard let flights, !hasLanded.withLock({ $0 }) else { return action() }
    flights.whenDeserted(key, action)
  }

  /// What the semantic cache found out about the question, so that it is kept with its answer;
  /// `nil` where none was asked.
  var question: AskedQuestion? {
    get { asked.withLock { $0 } }
    set { asked.withLock { $0 = newValue } }
  }

  /// Ends the flight; with a `match` the followers find their answer there.
  func land(isStored: Bool, on match: SemanticMatch? = nil) {
    let isFirst = hasLanded.withLock { hasLanded in
      defer { hasLanded = true }
      return !hasLanded
    }
    if isFirst { flights?.land(key, isStored: isStored, on: match) }
  }

  func finish(_ exchange: Exchange, at moment: Moment) { land(isStored: false) }
}
