import SluiceCore
import SluiceExpressions
import SluicePolicy

extension Binder {
  private static let most = NanoDollars(1_000_000_000 * NanoDollars.perDollar)

  private enum ReliefWord: String, CaseIterable { case clamp, cache_only, deny }

  /// Reads an entry of `budgets`; nil if it has no window or no limit.
  func bindBudget(_ entry: YAMLEntry) -> BudgetSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.budget,
        key: entry.name,
        owner: "budget `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let window = required("per", fields, example: "per: day")
      .flatMap { choice($0, BudgetSettings.Window.self) }
    let zone = fields["zone"].flatMap(self.zone)
    let key = fields["key"].flatMap { expression($0, .string, in: .attempt) }
    let limit = required("limit", fields, example: "limit: $10").flatMap(amount)
    let tiers = fields["tiers"].map(tierAmounts)
    let reliefs = fields["on_exceed"].flatMap { self.reliefs($0, of: entry.name) }
    let warnAt = quantity(fields, "warn_at", .ratio, in: 0...1, "from 0 to 100%")
    let runway = quantity(
      fields,
      "min_runway",
      .duration,
      in: .seconds(1)...(.seconds(31 * 86_400)),
      "from 1s to 31d"
    )
    let minimum = quantity(fields, "min_output", .count, in: 1...1_000_000, "from 1 to 1M")
    let notice = fields["notice"].flatMap { text($0, expected: "a sentence") }?.text
    guard let window, let limit else { return nil }
    return BudgetSettings(
      name: entry.name,
      window: window,
      zone: zone ?? "UTC",
      key: key,
      limit: limit,
      tiers: tiers ?? [:],
      onExceed: reliefs ?? [],
      warnAt: warnAt,
      minimumRunway: runway,
      minimumOutput: minimum ?? 16,
      notice: notice,
      place: place(of: entry.keySpan)
    )
  }

  private func amount(_ entry: YAMLEntry) -> NanoDollars? {
    quantity(entry, .money, in: NanoDollars.zero...Self.most, "from $0 to $1000000000")
  }

  private func zone(_ entry: YAMLEntry) -> String? {
    guard let scalar = text(entry, expected: "a time zone") else { return nil }
    if TimeZone.named(scalar.text) != nil { return scalar.text }
    report(
      .badQuantity(
        "zone",
        scalar.text,
        kind: "a time zone",
        examples: ["UTC", "Europe/Paris"],
        at: scalar.span
      )
    )
    return nil
  }

  private func tierAmounts(_ entry: YAMLEntry) -> [String: NanoDollars] {
    var amounts: [String: NanoDollars] = [:]
    for item in tierEntries(entry) {
      let amount = self.amount(item)
      if let name = reference(item.name, at: item.keySpan, to: .tiers), let amount {
        amounts[name] = amount
      }
    }
    return amounts
  }

  private func reliefs(_ entry: YAMLEntry, of budget: String) -> [BudgetSettings.Relief]? {
    guard let items = list(entry, of: "reliefs", example: "on_exceed: [clamp, cache_only]") else {
      return nil
    }
    return items.compactMap { relief($0, of: budget) }
  }

  private func relief(_ item: YAMLNode, of budget: String) -> BudgetSettings.Relief? {
    guard item.mapping != nil else {
      guard let scalar = scalar(item, key: "on_exceed", expected: "a word", at: item.useSpan),
        let word = choice(scalar, key: "on_exceed", ReliefWord.self)
      else { return nil }
      return switch word {
      case .clamp: .clamp
      case .cache_only: .cacheOnly
      case .deny: .deny
      }
    }
    guard
      let fields = fields(
        of: item,
        Schema.relief,
        key: "on_exceed",
        owner: "`on_exceed` of budget `\(budget)`",
        at: item.span.beginning
      ),
      let entry = required("to", fields),
      let scalar = text(entry, expected: "the name of a target"),
      let name = reference(scalar, to: .targets),
      let position = names(of: .targets).positions[name]
    else { return nil }
    return .reroute(TargetIndex(position))
  }

  func bindKillSwitch(_ entry: YAMLEntry) -> KillSwitchSettings? {
    guard
      let fields = fields(
        of: entry.value,
        Schema.killSwitch,
        key: entry.name,
        owner: "kill switch `\(entry.name)`",
        at: entry.keySpan
      )
    else { return nil }
    let condition = required("when", fields, example: "when: spend(\"1m\") > usd(\"5\")")
      .flatMap { expression($0, .bool, in: .settled) }
    let action = required("do", fields, example: "do: cache_only")
      .flatMap { choice($0, KillSwitchSettings.Action.self) }
    let duration = quantity(
      fields,
      "for",
      .duration,
      in: .seconds(1)...(.seconds(31 * 86_400)),
      "from 1s to 31d"
    )
    let clear = fields["clear_when"].flatMap { expression($0, .bool, in: .settled) }
    let key = fields["key"].flatMap { expression($0, .string, in: .attempt) }
    guard let condition, let action else { return nil }
    return KillSwitchSettings(
      name: entry.name,
      condition: condition,
      action: action,
      duration: duration,
      clearCondition: clear,
      key: key,
      place: place(of: entry.keySpan)
    )
  }
}
