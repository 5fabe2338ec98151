package import SluiceCore
package import SluiceDialects
package import SluicePolicy

/// What tokens cost, by the price table.
package enum Metering {
  /// The cost of `usage`; rounded up once, to the nano-dollar.
  package static func cost(of usage: Usage, at price: ModelSettings.Price) -> NanoDollars {
    NanoDollars(
      costOf: PricedTokens(usage.prompt, at: price.input),
      PricedTokens(usage.completion, at: price.output)
    )
  }
}
