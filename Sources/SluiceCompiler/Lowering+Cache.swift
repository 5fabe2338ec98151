import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry

// Where answers are kept, and what asks for them without a client.
extension Lowering {
  /// Where an exchange without a client enters: a switch stops it, a person cuts it, as any other.
  mutating func addBackground(_ goal: RouteTable.Goal, in chain: Chain) {
    let name = background(goal, in: chain)
    builder.add(
      .switches,
      name,
      summary: policy.killSwitches.map(\.summary).joined(separator: "; "),
      place: policy.products.cachePlace,
      stage: SwitchStage(rules: switches),
      exits: ["clear": candidate(goal, 0, in: chain), "cache_only": nil, "denied": nil]
    )
    builder.enterBackground(at: name)
  }

  /// The name of the node where exchanges without a client enter that ask these candidates.
  func background(_ goal: RouteTable.Goal, in chain: Chain) -> String {
    switch chain {
    case .goal, .reroute: "background \(policy.name(of: goal))"
    case .shadow: "shadow \(policy.name(of: goal))"
    }
  }

  mutating func addCache(_ goal: RouteTable.Goal) {
    let name = "cache \(policy.name(of: goal))"
    builder.add(
      .cache,
      name,
      summary: policy.cacheSummary,
      place: policy.products.cachePlace,
      waiting: ExactCacheStage(
        rules: cacheRules,
        cache: ports.cache,
        flights: ports.flights,
        background: hasBackground
          ? BackgroundEntry(ports.background, at: background(goal, in: .goal)) : nil,
        errors: ports.metrics.expressionErrors["cache"]
      ),
      exits: [
        "hit": nil, "stale": nil, "miss": hasSemanticCache ? semantic(goal) : tokenLimit(goal, 0),
        "refresh": tokenLimit(goal, 0),
        "bypass": tokenLimit(goal, 0), "gave_up": unanswered,
      ]
    )
  }

  func semantic(_ goal: RouteTable.Goal) -> String {
    "semantic \(policy.name(of: goal))"
  }

  mutating func addSemanticCache(_ goal: RouteTable.Goal) {
    let next = tokenLimit(goal, 0)
    builder.add(
      .semantic,
      semantic(goal),
      summary: policy.semanticSummary,
      place: policy.products.semanticPlace,
      waiting: SemanticCacheStage(
        rules: semanticRules,
        cache: ports.cache,
        shadows: hasShadow
          ? BackgroundEntry(ports.background, at: background(goal, in: .shadow)) : nil,
        metrics: ports.metrics
      ),
      exits: [
        "hit": nil, "miss": next, "bypass": next, "busy": next, "late": next, "too_long": next,
        "failed": next, "vanished": next, "gave_up": unanswered,
      ]
    )
  }

  mutating func addStore() {
    builder.add(
      .store,
      "store",
      place: policy.products.cachePlace,
      stage: StoreStage(cache: ports.cache),
      exits: ["stored": nil, "kept_out": nil]
    )
  }
}
