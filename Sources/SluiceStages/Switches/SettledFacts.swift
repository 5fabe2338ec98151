import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy

/// What a switch's conditions can read: its own spending, budgets, the time of the settlement.
final class SettledFacts: FrameSource {
  private let exchange: Exchange
  private let series: Account
  private let ledger: any Ledger
  private let moment: Moment

  init(_ exchange: Exchange, series: Account, ledger: any Ledger, at moment: Moment) {
    self.exchange = exchange
    self.series = series
    self.ledger = ledger
    self.moment = moment
  }

  /// A frame for the conditions of one switch; each of its reads is made once.
  var frame: Frame { Frame(slots: exchange.generation.frameSlots, source: self) }

  func value(ofSlot slot: Int, in frame: inout Frame) throws(EvaluationError) -> Value {
    guard PolicyVariable(rawValue: slot) == .now else { throw .unavailable("a variable") }
    return .timestamp(Timestamp(wallNanoseconds: moment.wall))
  }

  func call(
    _ function: Int,
    _ arguments: [Value],
    in frame: inout Frame
  ) throws(EvaluationError) -> Value {
    guard let read = StateFunction(rawValue: function), case .string(let text)? = arguments.first
    else { throw .unavailable("a function") }
    switch read {
    case .spend:
      guard let window = DurationText.nanoseconds(of: text) else { throw .unavailable("spend") }
      return .money(ledger.spending(on: series, within: window, at: moment))
    case .budgetRemaining:
      return .money(
        try exchange.generation.states.budgetRemaining(
          of: text,
          tier: exchange.caller.tier,
          in: &exchange.frame,
          at: moment
        )
      )
    case .breakerState: throw .unavailable(read.declaration.fullName)
    }
  }
}
