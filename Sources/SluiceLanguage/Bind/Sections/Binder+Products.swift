import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  func bindProduct(_ entry: YAMLEntry) -> ProductSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.product,
        key: entry.name,
        owner: "product `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let volatility = keeping(fields, "volatility")
    let cache = fields["cache"].flatMap { self.cache($0, of: entry.name) }
    return ProductSettings(
      name: entry.name,
      volatility: volatility,
      cache: cache,
      place: place(of: entry.keySpan)
    )
  }

  /// A duration for which something is kept.
  private func keeping(_ fields: Fields, _ key: String) -> Duration? {
    quantity(
      fields,
      key,
      .duration,
      in: .seconds(1)...(.seconds(366 * 86_400)),
      "from 1s to 366d"
    )
  }

  private func cache(_ entry: YAMLEntry, of product: String) -> ProductSettings.Cache? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.cache,
        key: "cache",
        owner: "`cache` of product `\(product)`",
        at: entry.keySpan
      )
    else { return nil }
    let scope = fields["scope"].flatMap { choice($0, ProductSettings.Scope.self) }
    let hasLifetime = required("ttl", fields, example: "ttl: 1h") != nil
    let ttl = keeping(fields, "ttl")
    let semantic = fields["semantic"].flatMap { self.semantic($0, of: product) }
    let stale = keeping(fields, "stale_if_error")
    let revalidation = keeping(fields, "stale_while_revalidate")
    let key = fields["key"].flatMap { expression($0, .string, in: .routed) }
    // A list is of names; anything else is an expression that gives one.
    let isTagged = fields["tags"].map { $0.value.scalar != nil } ?? false
    let tags = isTagged ? nil : fields["tags"].flatMap(self.tags)
    let tagging =
      isTagged ? fields["tags"].flatMap { expression($0, .list(.string), in: .routed) } : nil
    let storing = fields["store_fallbacks"].flatMap(boolean)
    guard hasLifetime, let ttl else { return nil }
    return ProductSettings.Cache(
      scope: scope ?? .user,
      ttl: ttl,
      semantic: semantic,
      staleIfError: stale,
      staleWhileRevalidate: revalidation,
      key: key,
      tags: tags ?? [],
      tagging: tagging,
      storeFallbacks: storing ?? false,
      place: place(of: entry.keySpan)
    )
  }

  private func semantic(_ entry: YAMLEntry, of product: String) -> ProductSettings.Semantic? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.semantic,
        key: "semantic",
        owner: "`semantic` of product `\(product)`",
        at: entry.keySpan
      )
    else { return nil }
    let threshold = quantity(fields, "threshold", .ratio, in: 0...1, "from 0 to 1")
    let maxWrong = quantity(fields, "max_wrong", .ratio, in: 0.0001...0.5, "from 0.01% to 50%")
    let shadow = fields["shadow"].flatMap { self.shadow($0, of: product) }
    let embedder = fields["embedder"]
      .flatMap { text($0, expected: "the name of a model") }
      .flatMap { reference($0, to: .models) }
      .flatMap { names(of: .models).positions[$0] }
    guard fields.has("threshold") || fields.has("max_wrong") else {
      // Asked for by either name: one of them is needed, and a misspelt one has been told.
      _ = required("threshold", fields, example: "threshold: 0.95` or `max_wrong: 1%")
      return nil
    }
    guard threshold != nil || maxWrong != nil else { return nil }
    return ProductSettings.Semantic(
      threshold: threshold,
      maxWrong: maxWrong,
      shadow: shadow,
      embedder: embedder.map { ModelIndex($0) }
    )
  }

  /// `5%`, or `{ share: 5%, budget: shadows }`.
  private func shadow(_ entry: YAMLEntry, of product: String) -> ProductSettings.Semantic.Shadow? {
    func share(_ entry: YAMLEntry) -> Double? {
      quantity(entry, .ratio, in: 0...1, "from 0 to 1")
    }
    guard entry.value.mapping != nil else {
      return share(entry).map { ProductSettings.Semantic.Shadow(share: $0) }
    }
    guard
      let fields = fields(
        of: entry.value,
        Schema.shadow,
        key: "shadow",
        owner: "`shadow` of product `\(product)`",
        at: entry.keySpan
      )
    else { return nil }
    let budget = fields["budget"]
      .flatMap { text($0, expected: "the name of a budget") }
      .flatMap { reference($0, to: .budgets) }
    return required("share", fields, example: "share: 5%")
      .flatMap(share)
      .map { ProductSettings.Semantic.Shadow(share: $0, budget: budget) }
  }

  private func tags(_ entry: YAMLEntry) -> [String]? {
    guard let items = list(entry, of: "names", example: "tags: [catalog]") else { return nil }
    var seen: [String: SourceSpan] = [:]
    return items.compactMap { item in
      guard let scalar = scalar(item, key: "tags", expected: "a name", at: item.useSpan) else {
        return nil
      }
      if let reason = NameRule.plain.objection(to: scalar.text) {
        report(.badName("tag", scalar.text, reason: reason, at: scalar.span))
        return nil
      }
      if let first = seen.updateValue(scalar.span, forKey: scalar.text) {
        report(.duplicateName("tag", scalar.text, at: scalar.span, first: first))
        return nil
      }
      return scalar.text
    }
  }
}
