import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluicePolicy
import SluiceTelemetry

/// Books in the ledger what an attempt cost: once, at its end, before the next one's hold.
package struct AttemptSettlement: Sendable {
  private let ledger: any Ledger
  /// `nil` in a policy that holds nothing.
  private let rules: HoldRules?

  package init(ledger: any Ledger, rules: HoldRules?) {
    self.ledger = ledger
    self.rules = rules
  }

  /// What is known of an attempt that ended.
  struct Ended {
    var booking: Booking?
    /// Whether the upstream began to answer.
    var hasBegun: Bool
    /// Whether the answer came to its end.
    var isWhole: Bool
    /// Whether the upstream refused by its status.
    var isRefused: Bool
    var failure: Failure?
  }

  func settle(
    _ exchange: Exchange,
    _ ended: Ended,
    model: ModelIndex,
    settings: ModelSettings,
    at moment: Moment
  ) {
    guard let hold = exchange.hold else {
      return record(exchange, ended, model: model, settings: settings, at: moment)
    }
    exchange.hold = nil
    let settlement = Self.settlement(of: ended, hold: hold, settings, wall: exchange.startedAt.wall)
    guard let excess = hold.settle(settlement, at: moment) else { return }
    let cost = settlement.basis == .held ? hold.amount : settlement.cost
    exchange.settled += cost
    if ended.booking != nil, settings.isPriced { exchange.correctLastBooking(cost: cost) }
    guard let rules else { return }
    if excess > .zero { rules.watch.overran(settings.name, held: hold.amount, by: excess) }
    var charges = hold.claim.charges.makeIterator()
    for line in rules.lines(for: exchange) where !line.isPerRequest {
      guard let charge = charges.next() else { break }
      rules.watch.look(at: charge, of: line, in: ledger, at: moment)
    }
    if !hold.claim.series.isEmpty {
      rules.stop.settled(hold.claim.series, of: exchange, at: moment)
    }
  }

  /// What becomes of a hold (promise 4).
  static func settlement(
    of ended: Ended,
    hold: AttemptHold,
    _ settings: ModelSettings,
    wall: Int64
  ) -> Settlement {
    guard ended.hasBegun else {
      let mayHaveCost =
        !ended.isRefused && ended.failure.map { $0.reason.mayHaveTakenTokens } ?? false
      return Settlement(mayHaveCost ? .held : .nothing)
    }
    guard let booking = ended.booking else { return Settlement(.held) }
    if ended.failure?.reason == .beyondHold {
      // At least what passed was spent; what the upstream has done beyond it nobody knows.
      let passed = settings.price(atWall: wall)
        .map {
          Metering.bound(
            input: max(hold.input, booking.usage.prompt),
            output: max(hold.output, booking.usage.completion),
            at: $0
          )
        }
      return Settlement(
        .counted,
        cost: max(hold.amount, passed ?? .zero),
        usage: booking.usage
      )
    }
    guard ended.isWhole else { return Settlement(.held, usage: booking.usage) }
    switch booking.source {
    case .upstream:
      return Settlement(.reported, cost: booking.cost ?? .zero, usage: booking.usage)
    case .counted where settings.tokenizer != nil:
      return Settlement(.counted, cost: booking.cost ?? .zero, usage: booking.usage)
    case .counted, .bounded:
      return Settlement(.held, usage: booking.usage)
    }
  }

  /// Has the ledger know of an attempt that nothing was held for.
  private func record(
    _ exchange: Exchange,
    _ ended: Ended,
    model: ModelIndex,
    settings: ModelSettings,
    at moment: Moment
  ) {
    guard let booking = ended.booking else { return }
    let cost = booking.cost ?? .zero
    let claim = Claim(
      amount: cost,
      charges: [],
      attribution: Attribution(of: exchange, model: settings.name)
    )
    let basis: Settlement.Basis = booking.source == .upstream ? .reported : .counted
    switch ledger.hold(claim, at: moment) {
    case .held(let hold):
      _ = ledger.settle(hold, Settlement(basis, cost: cost, usage: booking.usage), at: moment)
    case .short, .full, .unavailable: break
    }
  }
}

extension Attribution {
  /// Whom an attempt of `exchange` at a model is made for.
  init(of exchange: Exchange, model: String) {
    let caller = exchange.caller
    self.init(
      tenant: caller.tenant,
      user: caller.user,
      tier: caller.tier,
      product: caller.product,
      tag: caller.tag,
      model: model
    )
  }
}
