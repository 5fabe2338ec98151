package import SluiceCore

/// One entry of `models`: one model at one upstream.
package struct ModelSettings: Sendable, Equatable {
  package enum Tokenizer: String, Sendable, CaseIterable { case cl100k, o200k }

  package enum Service: String, Sendable, CaseIterable { case chat, completions, embeddings }

  package var name: String
  /// The name of an upstream in `Policy.upstreams`.
  package var upstream: String
  /// What the upstream calls the model; the name itself unless `id:` says otherwise.
  package var upstreamName: String
  /// Tokens of input and output together.
  package var context: Int
  /// Tokens of one answer.
  package var maxOutput: Int
  /// By their days; empty: not priced, so that what the model costs cannot be counted.
  package var prices: [DatedPrice]
  package var tokenizer: Tokenizer?
  package var serves: Set<Service>
  /// The request field that the output clamp is written to.
  package var outputField: String
  package var place: SourcePlace

  package init(
    name: String,
    upstream: String,
    upstreamName: String,
    context: Int,
    maxOutput: Int,
    prices: [DatedPrice] = [],
    tokenizer: Tokenizer? = nil,
    serves: Set<Service> = [.chat, .completions],
    outputField: String = "max_tokens",
    place: SourcePlace = .builtIn
  ) {
    self.name = name
    self.upstream = upstream
    self.upstreamName = upstreamName
    self.context = context
    self.maxOutput = maxOutput
    self.prices = prices
    self.tokenizer = tokenizer
    self.serves = serves
    self.outputField = outputField
    self.place = place
  }
}
