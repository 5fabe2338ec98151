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
  private let policy: Policy
  private let ports: Ports
  private let access: ModelAccess
  private let routes: [LiveRoute]
  private let goals: [RouteTable.Goal]
  /// By product; without any, no node of a cache exists.
  private let cacheRules: [String: ExactCacheStage.Rules]
  /// Limits of requests and of exchanges in flight, which come before the route.
  private let limits: [LimitSettings]
  /// Limits of tokens, which come before the candidates of each goal.
  private let tokenLimits: [LimitSettings]
  /// What holds go by; `nil`: nothing stops spending, so no node of a hold exists.
  private let holdRules: HoldRules?
  /// Targets that budgets lead to, splits resolved.
  private let reroutes: [HoldStage.Reroute]
  private var builder = GraphBuilder()

  init(_ policy: Policy, _ ports: Ports) {
    self.policy = policy
    self.ports = ports
    access = ModelAccess(policy)
    routes = LiveRoute.all(of: policy)
    goals = LiveRoute.goals(of: routes, in: policy)
    limits = policy.limits.filter { !$0.measure.isOfTokens }
    tokenLimits = policy.limits.filter { $0.measure.isOfTokens }
    holdRules =
      policy.budgets.isEmpty && policy.killSwitches.isEmpty
      ? nil
      : HoldRules(
        policy,
        ledger: ports.ledger,
        stop: ports.stop,
        watch: ports.budgetWatch,
        metrics: ports.metrics
      )
    reroutes = policy.reroutes
    cacheRules = Dictionary(
      uniqueKeysWithValues: policy.products.compactMap { product in
        product.cache.map { cache in
          (product.name, ExactCacheStage.Rules(cache, key: cache.key?.checked.program()))
        }
      }
    )
  }

  private var hasCache: Bool { !cacheRules.isEmpty }
  /// Whether a budget or a switch leaves the cache as the last way to an answer.
  private var hasLookup: Bool {
    hasCache
      && (policy.budgets.contains { $0.onExceed.contains(.cacheOnly) }
        || policy.killSwitches.contains { $0.action == .cacheOnly })
  }
  private var servesStale: Bool { cacheRules.values.contains { $0.staleNanoseconds > 0 } }
  /// Where an exchange goes when no candidate answered.
  private var unanswered: String { servesStale ? "stale" : "refuse" }

  func graph() -> Graph {
    var lowering = self
    return lowering.build()
  }

  private mutating func build() -> Graph {
    addEntry([.chat, .completions, .embeddings], first: "identity", next: "request")
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

  private var splits: [TargetIndex: (split: Split, key: Program)] {
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
      summary: routes.map { $0.summary(in: policy) }.joined(separator: "; "),
      place: policy.routes.first?.place ?? .builtIn,
      stage: stage,
      exits: exits
    )
  }

  // MARK: The answer

  private func first(of goal: RouteTable.Goal) -> String {
    hasCache ? "cache \(policy.name(of: goal))" : tokenLimit(goal, 0)
  }

  /// Where the token limit at `position` begins; behind the last, the first candidate.
  private func tokenLimit(_ goal: RouteTable.Goal, _ position: Int) -> String {
    position < tokenLimits.count
      ? "limit \(tokenLimits[position].name) \(policy.name(of: goal))"
      : candidate(goal, 0, in: .goal)
  }

  private func models(of goal: RouteTable.Goal) -> [ModelIndex] {
    switch goal {
    case .target(let target): policy.candidates(of: target)
    case .model(let model): [model]
    }
  }

  /// Where the candidates of a target stand: at a goal of the routes, or where a budget leads.
  private enum Chain {
    case goal
    case reroute(HoldStage.Reroute)
  }

  private func nodes(
    _ goal: RouteTable.Goal,
    _ model: ModelIndex,
    in chain: Chain
  ) -> Candidate {
    let name =
      switch chain {
      case .goal: policy.name(of: goal)
      case .reroute(let reroute): "to \(reroute.name)"
      }
    return Candidate(goal: name, model: policy[model].name)
  }

  /// Where the candidate at `position` begins; behind the last, the end of all asking.
  private func candidate(_ goal: RouteTable.Goal, _ position: Int, in chain: Chain) -> String {
    let models = models(of: goal)
    guard position < models.count else { return unanswered }
    return nodes(goal, models[position], in: chain)
      .first(
        isGuarded: upstream(of: models[position]).breaker != nil,
        isHeld: holdRules != nil
      )
  }

  private func upstream(of model: ModelIndex) -> UpstreamSettings {
    let name = policy[model].upstream
    guard let upstream = policy.upstreams.first(where: { $0.name == name }) else {
      preconditionFailure("upstream \(name) is not declared")
    }
    return upstream
  }

  private mutating func addGoal(_ goal: RouteTable.Goal) {
    if hasCache { addCache(goal) }
    for (position, limit) in tokenLimits.enumerated() {
      add(limit, as: tokenLimit(goal, position), next: tokenLimit(goal, position + 1))
    }
    addCandidates(of: goal, in: .goal)
  }

  private mutating func addCandidates(of goal: RouteTable.Goal, in chain: Chain) {
    for (position, model) in models(of: goal).enumerated() {
      add(
        nodes(goal, model, in: chain),
        model,
        in: chain,
        next: candidate(goal, position + 1, in: chain)
      )
    }
  }

  /// The tries of one candidate: each with its breaker and its hold in front, and a wait between
  /// two.
  private mutating func add(
    _ candidate: Candidate,
    _ model: ModelIndex,
    in chain: Chain,
    next: String
  ) {
    let upstream = upstream(of: model)
    let tries = upstream.retry?.attempts ?? 1
    for number in 1...tries {
      let admitted = holdRules == nil ? candidate.attempt(number) : candidate.hold(number)
      if let rules = upstream.breaker {
        builder.add(
          .breaker,
          candidate.breaker(number),
          summary: rules.summary,
          place: upstream.place,
          stage: BreakerStage(
            model: model,
            name: candidate.model,
            rules: rules,
            breakers: ports.breakers,
            access: access
          ),
          exits: [
            "closed": admitted, "probe": admitted,
            "open": next, "unhealthy": next, "forced": next, "skipped": next,
          ]
        )
      }
      if let holdRules { addHold(candidate, model, holdRules, number, in: chain, next: next) }
      addAttempt(candidate, model, upstream, number: number, of: tries, next: next)
      if number < tries, let retry = upstream.retry {
        let again =
          candidate.start(
            number + 1,
            isGuarded: upstream.breaker != nil,
            isHeld: holdRules != nil
          )
        builder.add(
          .retry,
          candidate.retry(number + 1),
          summary: retry.summary,
          place: upstream.place,
          waiting: RetryStage(
            failures: number,
            upstream: upstream.name,
            settings: retry,
            budgets: ports.retryBudgets
          ),
          exits: ["again": again, "exhausted": next, "gave_up": unanswered]
        )
      }
    }
  }

  private mutating func addHold(
    _ candidate: Candidate,
    _ model: ModelIndex,
    _ rules: HoldRules,
    _ number: Int,
    in chain: Chain,
    next: String
  ) {
    let open: [HoldStage.Reroute]
    switch chain {
    case .goal: open = reroutes
    case .reroute: open = []
    }
    var exits: [String: String?] = [
      "held": candidate.attempt(number), "clamped": candidate.attempt(number), "skipped": next,
      "cache_only": hasLookup ? "lookup" : nil, "refused": nil,
    ]
    for reroute in open {
      exits["to_\(reroute.name)"] = self.candidate(
        .target(reroute.target),
        0,
        in: .reroute(reroute)
      )
    }
    builder.add(
      .hold,
      candidate.hold(number),
      summary: policy.budgets.summary,
      place: policy.budgets.first?.place ?? .builtIn,
      waiting: HoldStage(
        model: model,
        settings: policy[model],
        rules: rules,
        access: access,
        meter: ports.meter,
        reroutes: open,
        splits: splits,
        hasLookup: hasLookup
      ),
      exits: exits
    )
  }

  private mutating func addAttempt(
    _ candidate: Candidate,
    _ model: ModelIndex,
    _ upstream: UpstreamSettings,
    number: Int,
    of tries: Int,
    next: String
  ) {
    guard let port = ports.upstreams[upstream.name] else {
      preconditionFailure("upstream \(upstream.name) is not connected")
    }
    let settings = policy[model]
    builder.add(
      .attempt,
      candidate.attempt(number),
      summary: settings.summary,
      place: settings.place,
      waiting: AttemptStage(
        model: model,
        settings: settings,
        upstream: port,
        access: access,
        earnings: number > 1
          ? nil
          : upstream.retry.map {
            RetryEarnings(ports.retryBudgets, upstream: upstream.name, share: $0.budget)
          },
        failures: ports.metrics.attemptFailures(of: settings.name),
        meter: ports.meter,
        settlement: AttemptSettlement(ledger: ports.ledger, rules: holdRules)
      ),
      exits: [
        "answered": "settle", "declined": nil, "skipped": next,
        "failed": number < tries ? candidate.retry(number + 1) : next,
        "passed_over": next, "gave_up": unanswered, "cut": "settle",
      ]
    )
  }

  private mutating func addCache(_ goal: RouteTable.Goal) {
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
        errors: ports.metrics.expressionErrors["cache"]
      ),
      exits: [
        "hit": nil, "miss": tokenLimit(goal, 0), "refresh": tokenLimit(goal, 0),
        "bypass": tokenLimit(goal, 0), "gave_up": unanswered,
      ]
    )
  }

  private mutating func addStore() {
    builder.add(
      .store,
      "store",
      place: policy.products.cachePlace,
      stage: StoreStage(cache: ports.cache),
      exits: ["stored": nil, "kept_out": nil]
    )
  }
}
