import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  private static let longestWindow = Duration.seconds(31 * 86_400)

  func bindLimit(_ entry: YAMLEntry) -> LimitSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.limit,
        key: entry.name,
        owner: "limit `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let key = fields["key"].flatMap { expression($0, .string, in: .admission) }
    let burst = quantity(fields, "burst", .count, in: 0...1_000_000_000, "from 0 to 1000M")
    let measure = self.measure(fields, burst: burst ?? 0)
    let tiers = fields["tiers"].map { tierMeasures($0, fields, measure, burst: burst ?? 0) }
    guard let measure else { return nil }
    return LimitSettings(
      name: entry.name,
      key: key,
      measure: measure,
      tiers: tiers ?? [:],
      place: place(of: entry.keySpan)
    )
  }

  private func measure(_ fields: Fields, burst: Int) -> LimitSettings.Measure? {
    if let concurrent = fields["concurrent"] {
      for key in ["rate", "burst"] {
        guard let other = fields[key] else { continue }
        report(
          .conflictingKeys(
            key,
            "concurrent",
            in: fields.owner,
            at: other.keySpan,
            other: concurrent.keySpan
          )
        )
      }
      return count(concurrent).map { .concurrent($0) }
    }
    guard let entry = fields["rate"] else {
      // Asked for by either name: one of them is needed, and a misspelt one has been told.
      _ = required("rate", fields, example: "rate: 100/m")
      return nil
    }
    return rate(entry, burst: burst)
  }

  private func count(_ entry: YAMLEntry) -> Int? {
    quantity(entry, .count, in: 1...1_000_000, "from 1 to 1M")
  }

  private func rate(_ entry: YAMLEntry, burst: Int) -> LimitSettings.Measure? {
    guard
      let scalar = scalar(entry, expected: "a rate", example: "\(entry.name): 100/m"),
      let value = quantity(scalar, key: entry.name, .rate)
    else { return nil }
    guard value.rate.count >= 1, value.rate.count <= 1_000_000_000_000 else {
      report(.outOfRange(entry.name, scalar.text, range: "at least 1 in a window", at: scalar.span))
      return nil
    }
    guard value.rate.window >= .seconds(1), value.rate.window <= Self.longestWindow else {
      report(
        .outOfRange(entry.name, scalar.text, range: "over a window of 1s to 31d", at: scalar.span)
      )
      return nil
    }
    return value.isTokens
      ? .tokens(value.rate, burst: burst) : .requests(value.rate, burst: burst)
  }

  /// The overrides by tier, which measure what the limit itself measures.
  private func tierMeasures(
    _ entry: YAMLEntry,
    _ fields: Fields,
    _ base: LimitSettings.Measure?,
    burst: Int
  ) -> [String: LimitSettings.Measure] {
    var measures: [String: LimitSettings.Measure] = [:]
    for item in tierEntries(entry) {
      let name = reference(item.name, at: item.keySpan, to: .tiers)
      let measure =
        fields.has("concurrent") ? count(item).map { .concurrent($0) } : rate(item, burst: burst)
      guard let measure else { continue }
      if let base, base.isOfTokens != measure.isOfTokens {
        report(
          .wrongType(
            item.name,
            expected: "a rate of \(base.isOfTokens ? "tokens" : "requests"), as `rate` is",
            got: "one of \(measure.isOfTokens ? "tokens" : "requests")",
            at: item.valueSpan
          )
        )
      }
      if let name { measures[name] = measure }
    }
    return measures
  }

  /// The entries of `tiers` in a limit or a budget.
  func tierEntries(_ entry: YAMLEntry) -> [YAMLEntry] {
    guard let mapping = entry.value.mapping else {
      report(
        .wrongType(
          "tiers",
          expected: "a map of tiers",
          got: entry.value.kindDescription,
          at: entry.valueSpan
        )
      )
      return []
    }
    return mapping.entries
  }
}
