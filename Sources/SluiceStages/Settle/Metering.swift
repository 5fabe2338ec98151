package import SluiceCore
package import SluiceDialects
package import SluicePolicy

/// What tokens cost, by the price table.
package enum Metering {
  /// The cost of `usage`; rounded up once, to the nano-dollar.
  ///
  /// A part that is larger than its whole, as some upstreams count reasoning beside the output,
  /// counts in full. Audio goes before cached and reasoning tokens where the two overlap: nobody
  /// says which of them the cached ones are.
  package static func cost(of usage: Usage, at price: ModelSettings.Price) -> NanoDollars {
    let prompt = max(usage.prompt, usage.cached, usage.promptAudio)
    let completion = max(usage.completion, usage.reasoning, usage.completionAudio)
    let rates = price.rates(ofPrompt: prompt)
    let cached = min(usage.cached, prompt - usage.promptAudio)
    let reasoning = min(usage.reasoning, completion - usage.completionAudio)
    return NanoDollars(
      costOf: PricedTokens(prompt - usage.promptAudio - cached, at: rates.input),
      PricedTokens(cached, at: rates.cachedInput),
      PricedTokens(usage.promptAudio, at: rates.audioInput),
      PricedTokens(completion - usage.completionAudio - reasoning, at: rates.output),
      PricedTokens(reasoning, at: rates.reasoning),
      PricedTokens(usage.completionAudio, at: rates.audioOutput)
    )
  }

  /// What a hold takes for up to `input` and `output` tokens: at the dearest rates that could
  /// apply, a cached one never among them.
  ///
  /// `cost(of:at:)` of a usage within both counts is never more.
  package static func bound(
    input: Int,
    output: Int,
    at price: ModelSettings.Price
  ) -> NanoDollars {
    price.bound(input: input, output: output)
  }
}
