package import SluiceCore

/// One entry of `limits`.
package struct LimitSettings: Sendable {
  /// So many in any window of that length, and perhaps a burst on top.
  package struct Rate: Sendable, Equatable {
    package let count: Int
    package let window: Duration
    /// The window, as counters reckon.
    package let windowNanoseconds: Int64

    package init(count: Int, per window: Duration) {
      self.count = count
      self.window = window
      windowNanoseconds = window.nanoseconds
    }
  }

  package enum Measure: Sendable, Equatable {
    /// Requests in any window of the rate's length; `burst` more are let through on top.
    case requests(Rate, burst: Int)
    /// Tokens, admitted on input plus output clamp and given back at settlement.
    case tokens(Rate, burst: Int)
    /// Exchanges in flight.
    case concurrent(Int)

    package var isOfTokens: Bool { if case .tokens = self { true } else { false } }
  }

  package var name: String
  /// A string; `nil`: one count for all.
  package var key: Expression?
  package var measure: Measure
  /// Overrides by tier; only with a key.
  package var tiers: [String: Measure]
  package var place: SourcePlace

  package init(
    name: String,
    key: Expression?,
    measure: Measure,
    tiers: [String: Measure] = [:],
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.key = key
    self.measure = measure
    self.tiers = tiers
    self.place = place
  }
}
