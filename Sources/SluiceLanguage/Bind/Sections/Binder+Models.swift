import SluiceCore
import SluicePolicy

extension Binder {
  private enum OutputField: String, CaseIterable { case max_tokens, max_completion_tokens }

  /// Reads an entry of `models`; nil if it has no upstream or no sizes.
  func bindModel(_ entry: YAMLEntry) -> ModelSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.model,
        key: entry.name,
        owner: "model `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let upstream = required("upstream", fields)
      .flatMap { text($0, expected: "the name of an upstream") }
      .flatMap { reference($0, to: .upstreams) }
    let id = fields["id"].flatMap { text($0, expected: "the upstream's name for it") }?.text
    let context = required("context", fields, example: "context: 128k")
      .flatMap { quantity($0, .count, in: 1...100_000_000, "from 1 to 100M") }
    let output = required("max_output", fields, example: "max_output: 4096")
      .flatMap { quantity($0, .count, in: 1...100_000_000, "from 1 to 100M") }
    let prices = self.prices(of: entry.name, fields["price"])
    let tokenizer = fields["tokenizer"].flatMap { choice($0, ModelSettings.Tokenizer.self) }
    let serves = fields["serves"].flatMap { choices($0, ModelSettings.Service.self) }
    let field = fields["output_field"].flatMap { choice($0, OutputField.self) }
    if let entry = fields["serves"], entry.value.sequence?.isEmpty == true {
      report(
        .wrongType(
          "serves",
          expected: "a list of words",
          got: "an empty list",
          example: "serves: [chat]",
          at: entry.value.span
        )
      )
    }
    guard let upstream, let context, let output else { return nil }
    return ModelSettings(
      name: entry.name,
      upstream: upstream,
      upstreamName: id ?? entry.name,
      context: context,
      maxOutput: output,
      prices: prices ?? [],
      tokenizer: tokenizer,
      serves: serves ?? [.chat, .completions],
      outputField: (field ?? .max_tokens).rawValue,
      place: place(of: entry.keySpan)
    )
  }

  func bindTier(_ entry: YAMLEntry) -> TierSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.tier,
        key: entry.name,
        owner: "tier `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let positions = names(of: .models).positions
    let models = fields["models"].flatMap { references($0, to: .models) }
    return TierSettings(
      name: entry.name,
      models: models.map { Set($0.compactMap { positions[$0].map { ModelIndex($0) } }) },
      place: place(of: entry.keySpan)
    )
  }
}
