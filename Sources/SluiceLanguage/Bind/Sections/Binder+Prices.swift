import SluiceCore
import SluicePolicy

extension Binder {
  /// The prices of a model, by day: from its own `price`, or else from a file of prices.
  ///
  /// Nil if it has none, or if what is wrong with them has been told.
  func prices(of model: String, _ own: YAMLEntry?) -> [ModelSettings.DatedPrice]? {
    let listed = sections.prices.entry(model)
    if let own, let listed {
      report(.priceInTwoPlaces(model, at: listed.keySpan, first: own.keySpan))
    }
    guard let entry = own ?? listed else { return nil }
    if entry.value.scalar?.text == "free" { return [ModelSettings.DatedPrice(.free)] }
    let owner = "the price of model `\(model)`"
    guard let items = entry.value.sequence else {
      return datedPrice(entry.value, key: entry.name, owner: owner, at: entry.keySpan)
        .map { [$0.settings] }
    }
    guard !items.isEmpty else {
      report(
        .wrongType(
          entry.name,
          expected: "a price",
          got: "an empty list",
          example: "\(entry.name): { input: $0.50/M, output: $1.50/M }",
          at: entry.value.span
        )
      )
      return nil
    }
    let bound = items.compactMap {
      datedPrice($0, key: entry.name, owner: owner, at: $0.useSpan.beginning)
    }
    var seen: [Int64?: SourceSpan] = [:]
    for item in bound {
      let day = item.settings.from?.daysSince1970
      if let first = seen.updateValue(item.nameSpan, forKey: day) {
        report(
          .pricesOverlap(
            model,
            from: item.settings.from?.description,
            at: item.nameSpan,
            first: first
          )
        )
      }
    }
    guard bound.count == items.count, seen.count == bound.count else { return nil }
    return bound.map(\.settings)
      .sorted { ($0.from?.daysSince1970 ?? .min) < ($1.from?.daysSince1970 ?? .min) }
  }

  /// Tells the models of files of prices that no policy declares.
  func checkPrices() {
    for entry in sections.prices.entries {
      _ = reference(entry.name, at: entry.keySpan, to: .models)
    }
  }

  private func datedPrice(
    _ node: YAMLNode,
    key: String,
    owner: String,
    at span: SourceSpan
  ) -> Declared<ModelSettings.DatedPrice>? {
    guard let fields = fields(of: node, Schema.price, key: key, owner: owner, at: span) else {
      return nil
    }
    var from: CivilDate?
    var isRead = true
    if let entry = fields["from"] {
      from = date(entry)
      isRead = from != nil
    }
    let base = rates(fields)
    let thresholds = fields["above"].map { self.thresholds($0, owner: owner) } ?? []
    guard let base, let thresholds, isRead else { return nil }
    return Declared(
      nameSpan: fields["from"]?.valueSpan ?? span,
      node: node,
      settings: ModelSettings.DatedPrice(
        from: from,
        ModelSettings.Price(base, thresholds: thresholds)
      )
    )
  }

  private func rates(_ fields: Fields) -> ModelSettings.Price.Rates? {
    func rate(_ entry: YAMLEntry) -> TokenPrice? {
      guard
        let scalar = scalar(
          entry,
          expected: "a price of tokens",
          example: "\(entry.name): $0.50/M"
        )
      else { return nil }
      return quantity(scalar, key: entry.name, .price)
    }
    let input = required("input", fields, example: "input: $0.50/M").flatMap(rate)
    let output = required("output", fields, example: "output: $0.50/M").flatMap(rate)
    let cached = fields["cached_input"].flatMap(rate)
    let audioInput = fields["audio_input"].flatMap(rate)
    let reasoning = fields["reasoning"].flatMap(rate)
    let audioOutput = fields["audio_output"].flatMap(rate)
    guard let input, let output else { return nil }
    return ModelSettings.Price.Rates(
      input: input,
      cachedInput: cached,
      audioInput: audioInput,
      output: output,
      reasoning: reasoning,
      audioOutput: audioOutput
    )
  }

  /// Reads `above`: counts of prompt tokens, each with its rates.
  private func thresholds(_ entry: YAMLEntry, owner: String) -> [ModelSettings.Price.Threshold]? {
    guard let mapping = entry.value.mapping else {
      report(
        .wrongType(
          "above",
          expected: "a map of counts to rates",
          got: entry.value.kindDescription,
          example: "above: { 200k: { input: $2.50/M, output: $15/M } }",
          at: entry.valueSpan
        )
      )
      return nil
    }
    var seen: [Int: SourceSpan] = [:]
    let read = mapping.entries.compactMap { item -> ModelSettings.Price.Threshold? in
      let count = quantity(item.key, key: "above", .count)
      let rates = fields(
        of: item.value,
        Schema.priceAbove,
        key: item.name,
        owner: "\(owner) above \(item.name)",
        at: item.keySpan
      )
      .flatMap(self.rates)
      guard let count, let rates else { return nil }
      if let first = seen.updateValue(item.keySpan, forKey: count) {
        report(.duplicateName("threshold", item.name, at: item.keySpan, first: first))
      }
      return ModelSettings.Price.Threshold(above: count, rates: rates)
    }
    guard read.count == mapping.entries.count else { return nil }
    return read.sorted { $0.above < $1.above }
  }

  /// A day; that YAML 1.1 reads the plain text as a date, too, is just right here.
  func date(_ entry: YAMLEntry) -> CivilDate? {
    guard let scalar = scalar(entry, expected: "a date", example: "\(entry.name): 2026-01-31")
    else { return nil }
    if let date = CivilDate(scalar.text) { return date }
    report(
      .badQuantity(
        entry.name,
        scalar.text,
        kind: "a date",
        examples: ["2026-01-31"],
        at: scalar.span
      )
    )
    return nil
  }
}
