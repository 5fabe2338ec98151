import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy

// How a hold is taken, for whatever attempt.
extension HoldRules {
  /// Lets keys read which model is asked.
  func fill(_ exchange: Exchange, with settings: ModelSettings) {
    guard readsModel else { return }
    exchange.frame.fill(PolicyVariable.modelName.slot, with: .string(settings.name))
    exchange.frame.fill(PolicyVariable.modelUpstream.slot, with: .string(settings.upstream))
  }

  /// The accounts that a hold must fit into; `nil` if a key has no value, and then the exchange is
  /// refused.
  func charges(of exchange: Exchange, at moment: Moment) -> [Charge]? {
    let lines = lines(for: exchange)
    var charges: [Charge] = []
    charges.reserveCapacity(lines.count)
    for line in lines where !line.isPerRequest {
      guard let charge = line.charge(of: exchange, at: moment) else { return nil }
      charges.append(charge)
    }
    return charges
  }

  /// What is asked for an attempt of `exchange` at a model.
  func claim(
    _ amount: NanoDollars,
    on charges: [Charge],
    for exchange: Exchange,
    _ model: ModelIndex,
    _ settings: ModelSettings
  ) -> Claim {
    Claim(
      amount: lines.isEmpty ? min(amount, Bounds.uncheckedHold) : amount,
      charges: charges,
      series: stop.series(for: exchange, model: model),
      attribution: Attribution(of: exchange, model: settings.name)
    )
  }

  /// Which budget a hold does not fit, and what fits all of them.
  struct Shortage {
    /// The place of the first in `lines(for:)`.
    var line: Int
    /// The least that is left of any.
    var available: NanoDollars
  }

  enum Taken {
    case held(HoldID)
    case short(Shortage)
    case unavailable
  }

  /// Asks budgets of a request here, and all others at the ledger, in one step.
  func take(_ claim: Claim, for exchange: Exchange, at moment: Moment) -> Taken {
    let lines = lines(for: exchange)
    let tier = exchange.caller.tier
    let fitsRequest = lines.allSatisfy { line in
      !line.isPerRequest || claim.amount <= line.terms.limit(ofTier: tier) - exchange.settled
    }
    let left: [NanoDollars]
    if fitsRequest {
      switch ledger.hold(claim, at: moment) {
      case .held(let id): return .held(id)
      case .short(let available): left = available
      case .full, .unavailable: return .unavailable
      }
    } else {
      left = claim.charges.map { charge in
        ledger.balance(of: charge.account, in: charge.period).remaining(of: charge.limit)
      }
    }
    var first: Int?
    var least = NanoDollars(.max)
    var places = left.makeIterator()
    for (position, line) in lines.enumerated() {
      let available =
        line.isPerRequest
        ? max(.zero, line.terms.limit(ofTier: tier) - exchange.settled) : places.next() ?? .zero
      if available < claim.amount { first = first ?? position }
      least = min(least, available)
    }
    // A ledger whose answer has aged says short where nothing is; the first budget speaks for it.
    guard let first else { return .short(Shortage(line: 0, available: least)) }
    return .short(Shortage(line: first, available: least))
  }

  /// Waits for the record of a hold, without which nothing may be sent.
  ///
  /// Afterwards it is the exchange's, which settles it at the latest at its end.
  /// - Throws: when it could not be written; then the hold has been given back.
  func record(_ hold: AttemptHold, for exchange: Exchange) async throws(LedgerFailure) {
    exchange.atEnd(hold)
    do throws(LedgerFailure) {
      try await ledger.recorded(hold.id, in: exchange.world)
    } catch {
      hold.forget()
      throw error
    }
    exchange.hold = hold
  }
}
