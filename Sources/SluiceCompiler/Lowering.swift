import SluiceCore
import SluiceExpressions
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry

/// Lowers a policy to its graph: the order of the pipeline is the order of this file.
///
/// Only the nodes that the policy needs exist: routes that nothing can reach, targets that no live
/// route leads to, and caches that no product asks for leave no trace.
struct Lowering {
  let policy: Policy
  let ports: Ports
  let access: ModelAccess
  let routes: [LiveRoute]
  let goals: [RouteTable.Goal]
  /// By product; without any, no node of a cache exists.
  let cacheRules: [String: ExactCacheStage.Rules]
  /// By product; without any, no node of a semantic cache exists.
  private(set) var semanticRules: [String: SemanticCacheStage.Rules]
  /// Limits of requests and of exchanges in flight, which come before the route.
  let limits: [LimitSettings]
  /// Limits of tokens, which come before the candidates of each goal.
  let tokenLimits: [LimitSettings]
  let switches: SwitchRules
  /// What holds go by; `nil`: nothing stops spending, so no node of a hold exists.
  let holdRules: HoldRules?
  /// Targets that budgets lead to, splits resolved.
  let reroutes: [HoldStage.Reroute]
  var builder = GraphBuilder()

  init(_ policy: Policy, _ ports: Ports) {
    self.policy = policy
    self.ports = ports
    access = ModelAccess(policy)
    routes = LiveRoute.all(of: policy)
    goals = LiveRoute.goals(of: routes, in: policy)
    limits = policy.limits.filter { !$0.measure.isOfTokens }
    tokenLimits = policy.limits.filter { $0.measure.isOfTokens }
    switches = SwitchRules(
      policy,
      table: ports.switches,
      ledger: ports.ledger,
      metrics: ports.metrics
    )
    holdRules =
      policy.budgets.isEmpty && policy.killSwitches.isEmpty
      ? nil
      : HoldRules(
        policy,
        ledger: ports.ledger,
        stop: switches,
        watch: ports.budgetWatch,
        metrics: ports.metrics
      )
    reroutes = policy.reroutes
    cacheRules = ExactCacheStage.Rules.all(of: policy)
    semanticRules = [:]
    semanticRules = SemanticCacheStage.Rules.all(of: policy, exact: cacheRules) {
      $0.map { ports.embedded(policy[$0]) } ?? ports.semantic
    } upstream: {
      upstreamEmbedder($0)
    }
  }

  var hasCache: Bool { !cacheRules.isEmpty }
  var hasSemanticCache: Bool { !semanticRules.isEmpty }
  /// Whether a budget or a switch leaves the cache as the last way to an answer.
  var hasLookup: Bool {
    hasCache
      && (policy.budgets.contains { $0.onExceed.contains(.cacheOnly) }
        || policy.killSwitches.contains { $0.action == .cacheOnly })
  }
  /// Whether something asks the candidates for nobody.
  var hasBackground: Bool {
    cacheRules.values.contains { $0.revalidationNanoseconds > 0 }
  }
  /// Whether hits of the semantic cache are compared with fresh answers.
  var hasShadow: Bool { semanticRules.values.contains { $0.shadow != nil } }
  private var servesStale: Bool { cacheRules.values.contains { $0.staleNanoseconds > 0 } }
  /// Where an exchange goes when no candidate answered.
  var unanswered: String { servesStale ? "stale" : "refuse" }

  func graph() -> Graph {
    var lowering = self
    return lowering.build()
  }

  private mutating func build() -> Graph {
    addEntry([.chat, .completions, .embeddings], first: "identity", next: "switches")
    addSwitches()
    addRequest()
    for (position, limit) in limits.enumerated() { add(limit, next: self.limit(position + 1)) }
    addRoute()
    for goal in goals { addGoal(goal) }
    // Behind all goals, which lead to them; each is the same for all.
    for reroute in reroutes { addCandidates(of: .target(reroute.target), in: .reroute(reroute)) }
    builder.add(
      .settle,
      "settle",
      place: .builtIn,
      stage: SettleStage(),
      exits: hasCache
        ? ["settled": "store", "estimated": "store"] : ["settled": nil, "estimated": nil]
    )
    if hasCache { addStore() }
    if servesStale {
      builder.add(
        .stale,
        "stale",
        place: policy.products.cachePlace,
        stage: StaleStage(cache: ports.cache),
        exits: ["served": nil, "none": "refuse"]
      )
    }
    if hasLookup {
      builder.add(
        .lookup,
        "lookup",
        place: policy.products.cachePlace,
        stage: LookupStage(cache: ports.cache),
        exits: ["exact": nil, "stale": nil, "refused": nil]
      )
    }
    builder.add(
      .refuse,
      "refuse",
      place: .builtIn,
      stage: RefuseStage(),
      exits: ["refused": nil]
    )

    addEntry([.models], first: "identity models", next: "models")
    builder.add(
      .models,
      "models",
      place: .builtIn,
      stage: ModelsStage(access: access),
      exits: ["listed": nil, "unknown": nil]
    )
    return builder.build { node, exit in ports.metrics.exits[node, exit] }
  }

  // MARK: Who asks

  private mutating func addEntry(_ services: [Service], first: String, next: String) {
    builder.add(
      .identity,
      first,
      summary: policy.identity.summary,
      place: policy.identity.place,
      stage: IdentityStage(policy.identity, tiers: policy.tiers, keys: ports.keys),
      exits: ["known": next, "anonymous": next, "refused": nil]
    )
    for service in services { builder.enter(service, at: first) }
  }

  private mutating func addSwitches() {
    builder.add(
      .switches,
      "switches",
      summary: policy.killSwitches.map(\.summary).joined(separator: "; "),
      place: policy.killSwitches.first?.place ?? .builtIn,
      stage: SwitchStage(rules: switches),
      exits: ["clear": "request", "cache_only": "request", "denied": nil]
    )
  }

  private mutating func addRequest() {
    var exits: [String: String?] = ["understood": limit(0), "refused": nil]
    if policy.countsTokens { exits["long"] = "count" }
    builder.add(
      .request,
      "request",
      place: .builtIn,
      stage: RequestStage(countsTokens: policy.countsTokens),
      exits: exits
    )
    guard policy.countsTokens else { return }
    builder.add(
      .count,
      "count",
      place: .builtIn,
      waiting: CountStage(),
      exits: ["counted": limit(0), "refused": nil]
    )
  }

  // MARK: How much

  /// Where the limit at `position` begins; behind the last, the route.
  private func limit(_ position: Int) -> String {
    position < limits.count ? "limit \(limits[position].name)" : "route"
  }

  private mutating func add(_ limit: LimitSettings, as node: String? = nil, next: String) {
    let name = node ?? "limit \(limit.name)"
    let errors = ports.metrics.expressionErrors["limit \(limit.name)"]
    let key = limit.key?.checked.program()
    let counters = ports.counters
    let stage: any Stage =
      switch limit.measure {
      case .requests: RateLimitStage(limit, key: key, counters: counters, errors: errors)
      case .tokens: TokenLimitStage(limit, key: key, counters: counters, errors: errors)
      case .concurrent: ConcurrencyLimitStage(limit, key: key, counters: counters, errors: errors)
      }
    builder.add(
      .limit,
      name,
      summary: limit.summary,
      place: limit.place,
      stage: stage,
      exits: ["admitted": next, "refused": nil]
    )
  }

  // MARK: Where to

  var splits: [TargetIndex: (split: Split, key: Program)] {
    var splits: [TargetIndex: (split: Split, key: Program)] = [:]
    for (position, target) in policy.targets.enumerated() {
      guard case .split(let shares, let key) = target.kind else { continue }
      splits[TargetIndex(position)] = (Split(shares), key.checked.program())
    }
    return splits
  }

  private mutating func addRoute() {
    let stage = RouteStage(
      table: RouteTable(routes.map(\.entry)),
      goals: goals.map { ($0, policy.name(of: $0)) },
      splits: splits,
      access: access,
      errors: ports.metrics.expressionErrors["route"]
    )
    var exits: [String: String?] = ["no_route": nil, "refused": nil]
    for goal in goals { exits[policy.name(of: goal)] = first(of: goal) }
    builder.add(
      .route,
      "route",
      summary: routesSummary,
      place: policy.routes.first?.place ?? .builtIn,
      stage: stage,
      exits: exits
    )
  }

  /// Where the routes lead, and which were dropped.
  private var routesSummary: String {
    let live = Set(routes.map(\.entry.position))
    let dropped = policy.routes.indices.filter { !live.contains($0) }
      .map { policy.routes[$0].name }
    let summaries = routes.map { $0.summary(in: policy) }
    guard !dropped.isEmpty else { return summaries.joined(separator: "; ") }
    let note = "never reached: \(dropped.joined(separator: ", "))"
    return (summaries + [note]).joined(separator: "; ")
  }

  // MARK: The answer

  private func first(of goal: RouteTable.Goal) -> String {
    hasCache ? "cache \(policy.name(of: goal))" : tokenLimit(goal, 0)
  }

  /// Where the token limit at `position` begins; behind the last, the first candidate.
  func tokenLimit(_ goal: RouteTable.Goal, _ position: Int) -> String {
    position < tokenLimits.count
      ? "limit \(tokenLimits[position].name) \(policy.name(of: goal))"
      : candidate(goal, 0, in: .goal)
  }

  private mutating func addGoal(_ goal: RouteTable.Goal) {
    if hasCache { addCache(goal) }
    if hasSemanticCache { addSemanticCache(goal) }
    for (position, limit) in tokenLimits.enumerated() {
      add(limit, as: tokenLimit(goal, position), next: tokenLimit(goal, position + 1))
    }
    if hasBackground { addBackground(goal, in: .goal) }
    if hasShadow { addBackground(goal, in: .shadow) }
    addCandidates(of: goal, in: .goal)
    if hasShadow { addCandidates(of: goal, in: .shadow) }
  }
}
