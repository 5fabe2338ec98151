package import SluiceCore
package import SluicePolicy
internal import Synchronization

/// The money that is held for the attempt which is about to be made, or is being made.
///
/// Settled once: by the attempt at its end, else, whatever ended the exchange, at what was held.
package final class AttemptHold: Obligation {
  package let id: HoldID
  package let claim: Claim
  package let model: ModelIndex
  /// Tokens of the prompt that the amount counts.
  package let input: Int
  /// Tokens of all answers that the amount counts.
  package let output: Int
  /// The most tokens of one answer, for the upstream to keep to; `nil` where no budget asks.
  package let clamp: Int?
  /// What a client is told when its answer is cut at the hold.
  package let notice: String?
  private let ledger: any Ledger
  private let isSettled = Mutex(false)

  package init(
    id: HoldID,
    claim: Claim,
    model: ModelIndex,
    input: Int,
    output: Int,
    clamp: Int?,
    notice: String?,
    ledger: any Ledger
  ) {
    self.id = id
    self.claim = claim
    self.model = model
    self.input = input
    self.output = output
    self.clamp = clamp
    self.notice = notice
    self.ledger = ledger
  }

  package var amount: NanoDollars { claim.amount }

  /// Books what became of the money.
  ///
  /// - Returns: what went beyond the hold; `nil` if it was settled before, and then nothing is done.
  package func settle(_ settlement: Settlement, at moment: Moment) -> NanoDollars? {
    let isFirst = isSettled.withLock { isSettled in
      defer { isSettled = true }
      return !isSettled
    }
    return isFirst ? ledger.settle(id, settlement, at: moment) : nil
  }

  /// Forgets it, since the ledger has given the money back itself.
  package func forget() { isSettled.withLock { $0 = true } }

  package func finish(_ exchange: Exchange, at moment: Moment) {
    _ = settle(Settlement(.held), at: moment)
  }
}
