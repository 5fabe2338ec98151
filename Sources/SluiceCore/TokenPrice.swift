/// What tokens cost: nano-dollars for a million of them.
///
/// Rates of current models go down to about $0.01 a million, so a whole number of nano-dollars a
/// million loses nothing, where nano-dollars a token would.
package struct TokenPrice: Hashable, Sendable, Comparable {
  package var nanoDollarsPerMillion: Int64

  package init(nanoDollarsPerMillion: Int64) {
    precondition(nanoDollarsPerMillion >= 0, "a price is never negative")
    self.nanoDollarsPerMillion = nanoDollarsPerMillion
  }

  package static let free = TokenPrice(nanoDollarsPerMillion: 0)

  package static func < (left: Self, right: Self) -> Bool {
    left.nanoDollarsPerMillion < right.nanoDollarsPerMillion
  }
}

extension TokenPrice: CustomStringConvertible {
  /// `$0.50/M`, as a policy says it.
  package var description: String { "$\(NanoDollars(nanoDollarsPerMillion))/M" }
}

/// One priced count: `tokens` at `price`.
package struct PricedTokens: Sendable {
  package var tokens: Int
  package var price: TokenPrice

  package init(_ tokens: Int, at price: TokenPrice) {
    self.tokens = tokens
    self.price = price
  }
}

extension NanoDollars {
  /// The cost of all `lines` together, rounded up once.
  ///
  /// The products are taken in 128 bits, so no count of tokens overflows on the way; a total
  /// beyond `Int64` is clamped to its maximum, which every budget refuses.
  package init(costOf lines: PricedTokens...) {
    var total: Int128 = 0
    for line in lines {
      precondition(line.tokens >= 0, "a count of tokens is never negative")
      total += Int128(line.tokens) * Int128(line.price.nanoDollarsPerMillion)
    }
    let roundedUp = (total + 999_999) / 1_000_000
    self.init(Int64(clamping: roundedUp))
  }
}
