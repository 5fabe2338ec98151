package import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluiceTelemetry

/// Says what the exchange has used: tokens as booked, money by the price table.
package struct SettleStage: Stage {
  enum Exit: Int, StageExit {
    /// As the upstream of every attempt counted.
    case settled
    /// An upstream did not count, so that we did.
    case estimated
  }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    exchange.explain(Self.words(for: exchange))
    let isCounted = exchange.bookings.allSatisfy { $0.source == .upstream }
    return (isCounted ? Exit.settled : .estimated).index
  }

  private static func words(for exchange: Exchange) -> String {
    guard !exchange.bookings.isEmpty else { return "nothing was asked, so nothing was used" }
    return exchange.bookings
      .map { booking in
        let counted =
          switch booking.source {
          case .upstream: ""
          case .counted: " by our own count"
          case .bounded: " at most, from bytes"
          }
        let tokens = "\(booking.usage.prompt) + \(booking.usage.completion) tokens\(counted)"
        return booking.cost.map { "\(tokens), $\($0)" } ?? "\(tokens), not priced"
      }
      .joined(separator: "; ")
  }
}
