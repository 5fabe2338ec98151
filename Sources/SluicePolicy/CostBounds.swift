package import SluiceCore
import SluiceExpressions

/// What a policy permits to be spent at most, told from the policy alone.
///
/// A bound, not a forecast: it takes every prompt as long as the model can read, every answer as long
/// as it may be, and counts every try as paid, since an attempt that ends unknown is settled at its
/// hold. `assumptions` says the rest. Pure; needs no clock, no traffic and no store.
package struct CostBounds: Sendable {
  /// One candidate that a request may come to.
  package struct Step: Sendable, Equatable {
    package var model: String
    /// Tries of this candidate, each of which may be paid.
    package var tries: Int
    /// Of one try; nothing if the model has no price.
    package var cost: NanoDollars
  }

  /// What one request can cost.
  package struct Request: Sendable, Equatable {
    /// The dearest single attempt: what it costs at most when nothing fails.
    package var attempt: NanoDollars
    /// All tries of all candidates, and of what a budget re-routes to.
    package var allTries: NanoDollars
    /// The candidates of the dearest way, in order; then those of a re-route.
    package var steps: [Step]
    /// The budget `per: request` that keeps it below what the steps add up to.
    package var cappedBy: String?
  }

  package struct Route: Sendable, Equatable {
    package var name: String
    /// Of the tier that may spend most here; `nil` if no tier reaches a model.
    package var request: Request?
  }

  /// What can be spent in a day.
  package struct Day: Sendable, Equatable {
    /// `nil`: as many as one likes.
    package var requests: Int64?
    /// The limit that bounds the requests.
    package var requestsBy: String?
    /// When nothing fails; `nil`: unlimited.
    package var smooth: NanoDollars?
    package var smoothBy: String?
    /// When every try is paid; `nil`: unlimited.
    package var worst: NanoDollars?
    package var worstBy: String?
  }

  /// What one user of a tier, or all together, can spend.
  package struct Spender: Sendable, Equatable {
    /// The empty string: no tier.
    package var tier: String
    package var request: Request?
    package var day: Day
  }

  /// How soon the money of a budget could be gone.
  package enum Runway: Sendable, Equatable {
    /// No limit bounds the requests that count towards it.
    case unlimited
    /// The limits keep spending within its window at or below its limit.
    case never
    /// `even`: at the pace that the limits allow in the long run; `earliest`: when all requests
    /// come as soon as they may.
    case after(even: Duration, earliest: Duration)
  }

  package struct Budget: Sendable, Equatable {
    package var name: String
    package var window: BudgetSettings.Window
    /// The tier whose limit this is; `nil`: all.
    package var tier: String?
    package var limit: NanoDollars
    package var runway: Runway
    /// The limit that sets the pace.
    package var pacedBy: String?
  }

  /// Where a model can be reached that has no price; its cost counts as nothing here.
  package private(set) var unpriced: [String] = []
  package private(set) var routes: [Route] = []
  /// One user of each tier, callers without a tier first.
  package private(set) var users: [Spender] = []
  /// All users together.
  package private(set) var everybody = Spender(tier: "", day: Day())
  package private(set) var budgets: [Budget] = []

  /// Computes the bounds at the prices in force at `wall`, in nanoseconds since 1970.
  ///
  /// `wall` of `nil` takes the dearest of all prices that a model has at any time. `choices` is how
  /// many answers a request asks for (`n`); a hold counts its output so often.
  package init(_ policy: Policy, atWall wall: Int64? = nil, choices: Int = 1) {
    let spending = Spending(policy, wall: wall, choices: max(1, choices))
    let tiers = [""] + policy.tiers.map(\.name)
    unpriced = spending.unpriced
    routes = policy.routes.map { route in
      Route(
        name: route.name,
        request: tiers.compactMap { spending.request(on: route, tier: $0) }.dearest
      )
    }
    users = tiers.map { tier in
      let request = policy.routes.compactMap { spending.request(on: $0, tier: tier) }.dearest
      return Spender(
        tier: tier,
        request: request,
        day: spending.day(of: request, tier: tier, isOneUser: true)
      )
    }
    let dearest = users.compactMap(\.request).dearest
    everybody = Spender(
      tier: "",
      request: dearest,
      day: spending.day(of: dearest, tier: "", isOneUser: false)
    )
    for budget in policy.budgets where budget.window != .request {
      guard budget.key != nil else {
        budgets.append(spending.runway(of: budget, tier: nil, worst: dearest?.allTries ?? .zero))
        continue
      }
      for user in users {
        budgets.append(
          spending.runway(
            of: budget,
            tier: user.tier,
            worst: user.request?.allTries ?? .zero
          )
        )
      }
    }
  }

  /// Tokens that the least of requests is admitted with: a message of nothing (3 for the
  /// message, 3 for the prompt) and one token of an answer.
  package static let leastTokens = 7

  /// What the bounds take for granted, a sentence each.
  package static let assumptions = [
    "input is text: at most the model's context, and no more tokens than `max_body` has bytes",
    "upstreams honour the output clamp: `max_output`, or what is left of the context",
    "with every try paid: an attempt that fails may have been billed, so it counts like an answer",
    "nothing is saved by cached answers or by cached input",
    "any caller may take any route whose models its tier may reach, whatever the route's condition",
    "requests a day follow from limits of requests and tokens; `concurrent` does not bound money",
    "only limits and budgets of all, of `user.id`, `tenant` and `user.tier` bound one user",
    "budgets bound a day of their own calendar; limits are those of this policy alone",
  ]
}

/// What one request can cost at most, told route by route and tier by tier.
package struct RequestBounds: Sendable {
  private let spending: Spending

  /// At the dearest of all prices that a model has at any time, for requests of one answer.
  package init(_ policy: Policy) { spending = Spending(policy, wall: nil, choices: 1) }

  /// `nil` if the tier reaches no model on the route.
  package func request(on route: RouteSettings, tier: String) -> CostBounds.Request? {
    spending.request(on: route, tier: tier)
  }
}

extension [CostBounds.Request] {
  fileprivate var dearest: CostBounds.Request? {
    self.max { ($0.allTries, $0.attempt) < ($1.allTries, $1.attempt) }
      .map { most in
        var most = most
        most.attempt = map(\.attempt).max() ?? most.attempt
        return most
      }
  }
}

/// The arithmetic behind the bounds.
private struct Spending: Sendable {
  let policy: Policy
  let wall: Int64?
  let choices: Int
  /// Of one attempt at each model; `nil`: not priced.
  let attempts: [NanoDollars?]

  init(_ policy: Policy, wall: Int64?, choices: Int) {
    self.policy = policy
    self.wall = wall
    self.choices = choices
    attempts = policy.models.map { model in
      Self.prices(of: model, at: wall)
        .map { $0.dearest(of: model, maxBody: policy.server.maxBody, choices: choices) }.max()
    }
  }

  private static func prices(of model: ModelSettings, at wall: Int64?) -> [ModelSettings.Price] {
    guard let wall else { return model.prices.map(\.price) }
    return model.price(atWall: wall).map { [$0] } ?? []
  }

  // MARK: one request

  /// The models that a request can come to and that have no price.
  var unpriced: [String] {
    var names: Set<String> = []
    for route in policy.routes {
      for way in ways(from: route.destination) + reroutes {
        for model in way where attempts[model.position] == nil { names.insert(policy[model].name) }
      }
    }
    return names.sorted()
  }

  /// The dearest request of `tier` on a route; `nil` if the tier reaches no model there.
  func request(on route: RouteSettings, tier: String) -> CostBounds.Request? {
    let extras = reroutes.compactMap { reachable($0, tier) }
    return ways(from: route.destination)
      .compactMap { reachable($0, tier) }
      .map { request(along: $0, extras, tier: tier) }
      .dearest
  }

  /// The lists of candidates that a destination can mean.
  private func ways(from destination: RouteSettings.Destination) -> [[ModelIndex]] {
    switch destination {
    case .target(let target): ways(to: target)
    case .requested:
      policy.models.indices.map { [ModelIndex($0)] }
        + policy.targets.indices.flatMap { ways(to: TargetIndex($0)) }
    }
  }

  private func ways(to target: TargetIndex) -> [[ModelIndex]] {
    switch policy[target].kind {
    case .candidates(let models): [models]
    case .split(let shares, _): shares.flatMap { ways(to: $0.target) }
    }
  }

  private var reroutes: [[ModelIndex]] {
    policy.budgets.flatMap { budget in
      budget.onExceed.flatMap { relief -> [[ModelIndex]] in
        if case .reroute(let target) = relief { ways(to: target) } else { [] }
      }
    }
  }

  private func reachable(_ way: [ModelIndex], _ tier: String) -> [CostBounds.Step]? {
    let allowed = policy.tiers.first { $0.name == tier }?.models
    let steps = way.filter { allowed?.contains($0) ?? true }
      .map { index in
        let model = policy[index]
        return CostBounds.Step(
          model: model.name,
          tries: policy.upstream(of: index).retry?.attempts ?? 1,
          cost: attempts[index.position] ?? .zero
        )
      }
    return steps.isEmpty ? nil : steps
  }

  private func request(
    along steps: [CostBounds.Step],
    _ extras: [[CostBounds.Step]],
    tier: String
  ) -> CostBounds.Request {
    var most = Self.total(steps)
    var taken = steps
    for extra in extras {
      // A re-route stands in place of an attempt that did not fit: the last one at the latest.
      let total = Self.total(steps) - Int128(steps.last?.cost.count ?? 0) + Self.total(extra)
      if total > most {
        most = total
        taken = steps + extra
      }
    }
    let dearest = (steps + extras.flatMap { $0 }).map(\.cost).max() ?? .zero
    var request = CostBounds.Request(
      attempt: dearest,
      allTries: NanoDollars(Int64(clamping: most)),
      steps: taken
    )
    for budget in policy.budgets where budget.window == .request && budget.isOneOfARequest {
      let limit = budget.limit(of: tier)
      guard limit < request.allTries else { continue }
      request.allTries = limit
      request.attempt = min(request.attempt, limit)
      request.cappedBy = budget.name
    }
    return request
  }

  private static func total(_ steps: [CostBounds.Step]) -> Int128 {
    steps.reduce(0) { $0 + Int128($1.cost.count) * Int128($1.tries) }
  }

  // MARK: a day

  private static let day: Int64 = 86_400_000_000_000

  func day(of request: CostBounds.Request?, tier: String, isOneUser: Bool) -> CostBounds.Day {
    let fixed = isOneUser ? Self.userSlots : []
    let paces = self.paces(tier: tier) { $0.isDetermined(by: fixed) }
    let tightest = paces.map { ($0, $0.requests(in: Self.day)) }.min { $0.1 < $1.1 }
    var day = CostBounds.Day(
      requests: tightest.map { Int64(clamping: $0.1) },
      requestsBy: tightest?.0.name
    )
    let attempt = Int128(request?.attempt.count ?? 0)
    let allTries = Int128(request?.allTries.count ?? 0)
    var smooth = Ceiling()
    var worst = Ceiling()
    if allTries == 0 {
      smooth.lower(to: 0, by: nil)
      worst.lower(to: 0, by: nil)
    }
    for (pace, requests) in paces.map({ ($0, $0.requests(in: Self.day)) }) {
      worst.lower(to: requests.times(allTries), by: pace.name)
      smooth.lower(to: requests.times(attempt), by: pace.name)
      if pace.tokens > 1 {
        // What an answer uses is what its tokens cost at the dearest rate.
        let rate = Int128(dearestToken(of: tier, isOneUser: isOneUser).nanoDollarsPerMillion)
        let tokens = pace.units(in: Self.day)
        smooth.lower(to: tokens.times(rate).dividedUp(by: 1_000_000), by: pace.name)
      }
    }
    for budget in policy.budgets
    where budget.window != .request && (budget.key?.isDetermined(by: fixed) ?? true)
      && (isOneUser || budget.tiers.isEmpty)
    {
      let limit = Int128(budget.limit(of: tier).count) * Int128(budget.window.perDay)
      worst.lower(to: limit, by: budget.name)
      smooth.lower(to: limit, by: budget.name)
    }
    (day.smooth, day.smoothBy) = (smooth.amount, smooth.name)
    (day.worst, day.worstBy) = (worst.amount, worst.name)
    return day
  }

  private func dearestToken(of tier: String, isOneUser: Bool) -> TokenPrice {
    let allowed = isOneUser ? policy.tiers.first { $0.name == tier }?.models : nil
    return policy.models.enumerated()
      .filter { allowed?.contains(ModelIndex($0.offset)) ?? true }
      .flatMap { Self.prices(of: $0.element, at: wall) }
      .flatMap { [$0.base] + $0.thresholds.map(\.rates) }
      .map { max($0.dearestInput, $0.dearestOutput) }.max() ?? .free
  }

  /// What is the same for all requests of one user.
  private static let userSlots: Set<Int> = [
    PolicyVariable.userID.slot, PolicyVariable.userTier.slot, PolicyVariable.tenant.slot,
  ]

  /// The limits that bound how often what `isBound` picks by its key can ask.
  private func paces(tier: String, _ isBound: (Expression) -> Bool) -> [Pace] {
    policy.limits.compactMap { limit in
      guard limit.key.map(isBound) ?? true else { return nil }
      // One count for all, whose size depends on who asks, bounds nobody's.
      guard limit.key?.checked.slots.isEmpty != true || limit.tiers.isEmpty else { return nil }
      return Pace(limit.key == nil ? limit.measure : limit.tiers[tier] ?? limit.measure, limit.name)
    }
  }

  // MARK: a budget

  func runway(of budget: BudgetSettings, tier: String?, worst: NanoDollars) -> CostBounds.Budget {
    let limit = tier.map { budget.limit(of: $0) } ?? budget.limit
    let paces = self.paces(tier: tier ?? "") { key in
      guard let own = budget.key else { return false }
      return key.checked.canonicalText == own.checked.canonicalText
        || own.variable.map { key.isDetermined(by: [$0]) } ?? false
    }
    var answer = CostBounds.Budget(
      name: budget.name,
      window: budget.window,
      tier: tier,
      limit: limit,
      runway: .unlimited
    )
    guard worst > .zero else {
      answer.runway = .never
      return answer
    }
    let amount = Int128(limit.count)
    let cost = Int128(worst.count)
    let most = paces.map { ($0, $0.requests(in: budget.window.nanoseconds).times(cost)) }
    if let keeper = most.min(by: { $0.1 < $1.1 }), keeper.1 <= amount {
      answer.runway = .never
      answer.pacedBy = keeper.0.name
      return answer
    }
    guard let slowest = paces.max(by: { $0.even(amount, cost) < $1.even(amount, cost) }) else {
      return answer
    }
    let last = max(1, amount.dividedUp(by: cost))
    answer.pacedBy = slowest.name
    answer.runway = .after(
      even: .nanoseconds(Int64(clamping: slowest.even(amount, cost))),
      earliest: .nanoseconds(Int64(clamping: paces.map { $0.time(of: last) }.max() ?? 0))
    )
    return answer
  }
}

/// How fast one limit lets requests through.
private struct Pace {
  let name: String
  let count: Int128
  let burst: Int128
  /// Nanoseconds.
  let window: Int128
  /// What the least request takes of the count: 1, or tokens.
  let tokens: Int128

  /// `nil` for what does not bound requests over time.
  init?(_ measure: LimitSettings.Measure, _ name: String) {
    self.name = name
    switch measure {
    case .requests(let rate, let burst):
      count = Int128(rate.count)
      self.burst = Int128(burst)
      window = Int128(rate.window.nanoseconds)
      tokens = 1
    case .tokens(let rate, let burst):
      count = Int128(rate.count)
      self.burst = Int128(burst)
      window = Int128(rate.window.nanoseconds)
      tokens = Int128(CostBounds.leastTokens)
    case .concurrent: return nil
    }
  }

  /// Of requests or tokens at most, in any stretch of that length.
  ///
  /// No window holds more than count and burst; with a burst, a bucket of both that refills by the
  /// count in a window bounds it too.
  func units(in nanoseconds: Int64) -> Int128 {
    let stretch = Int128(nanoseconds)
    let windows = stretch.dividedUp(by: window) * (count + burst)
    guard burst > 0 else { return windows }
    return min(windows, count + burst + (stretch * count).dividedUp(by: window))
  }

  func requests(in nanoseconds: Int64) -> Int128 { units(in: nanoseconds) / tokens }

  /// Nanoseconds in which requests of `cost` each spend `amount`, if they come evenly.
  func even(_ amount: Int128, _ cost: Int128) -> Int128 {
    amount * tokens * window / max(1, cost.times(count))
  }

  /// The nanoseconds after the first request at which request number `last` can come.
  func time(of last: Int128) -> Int128 {
    let units = last * tokens
    let byWindows = (units - 1) / (count + burst) * window
    guard burst > 0, units > count + burst else { return byWindows }
    return max(byWindows, (units - count - burst) * window / count)
  }
}

/// The least of several bounds, and what set it.
private struct Ceiling {
  private var least: Int128?
  private(set) var name: String?

  var amount: NanoDollars? { least.map { NanoDollars(Int64(clamping: $0)) } }

  mutating func lower(to bound: Int128, by name: String?) {
    guard least.map({ bound < $0 }) ?? true else { return }
    least = bound
    self.name = name
  }
}

extension ModelSettings.Price {
  /// The most that one attempt at `model` can cost.
  ///
  /// Input and output share the context, so within one band of rates the cost is greatest where the
  /// prompt is as long as it may be, as short as it may be, or just leaves room for the longest
  /// answer.
  fileprivate func dearest(of model: ModelSettings, maxBody: Int, choices: Int) -> NanoDollars {
    let longest = min(model.context, maxBody)
    var most = NanoDollars.zero
    for number in 0...thresholds.count {
      let lowest = number == 0 ? 0 : thresholds[number - 1].above + 1
      let highest = min(longest, number == thresholds.count ? .max : thresholds[number].above)
      guard lowest <= highest else { continue }
      let rates = number == 0 ? base : thresholds[number - 1].rates
      let roomy = min(max(model.context - model.maxOutput, lowest), highest)
      for input in [lowest, roomy, highest] {
        let output = min(model.maxOutput, model.context - input)
        let (all, overflowed) = output.multipliedReportingOverflow(by: choices)
        most = max(
          most,
          NanoDollars(
            costOf: PricedTokens(input, at: rates.dearestInput),
            PricedTokens(overflowed ? .max : all, at: rates.dearestOutput)
          )
        )
      }
    }
    return most
  }
}

extension BudgetSettings {
  package func limit(of tier: String) -> NanoDollars {
    key == nil ? limit : tiers[tier] ?? limit
  }

  /// Whether all attempts of a request share one account: the key does not ask who answers.
  fileprivate var isOneOfARequest: Bool {
    let perAttempt = [PolicyVariable.modelName.slot, PolicyVariable.modelUpstream.slot]
    return key.map { $0.checked.slots.isDisjoint(with: perAttempt) } ?? true
  }
}

extension BudgetSettings.Window {
  /// Windows of a day; of a longer window all may be spent in one day.
  fileprivate var perDay: Int64 {
    switch self {
    case .minute: 1_440
    case .hour: 24
    case .request, .day, .week, .month: 1
    }
  }

  /// The longest that the window can be.
  fileprivate var nanoseconds: Int64 {
    let seconds: Int64 =
      switch self {
      case .request: 0
      case .minute: 60
      case .hour: 3_600
      // The day on which clocks are set back.
      case .day: 90_000
      case .week: 7 * 86_400 + 3_600
      case .month: 31 * 86_400 + 3_600
      }
    return seconds * 1_000_000_000
  }
}

extension Expression {
  /// Whether one value of those slots leaves one value of this.
  fileprivate func isDetermined(by slots: Set<Int>) -> Bool {
    checked.hostCalls.isEmpty && checked.slots.isSubset(of: slots)
  }

  /// The slot of the variable that this is and no more.
  fileprivate var variable: Int? {
    PolicyVariable.allCases.first { $0.name == checked.canonicalText }?.slot
  }
}

extension Int128 {
  fileprivate func dividedUp(by divisor: Int128) -> Int128 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder > 0 ? quotient + 1 : quotient
  }

  /// The product, clamped.
  fileprivate func times(_ other: Int128) -> Int128 {
    let (product, overflowed) = multipliedReportingOverflow(by: other)
    return overflowed ? .max : product
  }
}
