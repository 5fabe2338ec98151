import SluiceCore
import SluiceLanguage
import SluicePipeline
import SluicePolicy
import SluiceStores
import SluiceTestSupport
import Testing

@Suite("Bounds of cost")
struct CostBoundsTests {
  private static let second: Int64 = 1_000_000_000

  private static func dollars(_ count: Int64) -> TokenPrice {
    TokenPrice(nanoDollarsPerMillion: count * NanoDollars.perDollar)
  }

  /// A policy of two models with easy numbers: a try of `small` costs $3, one of `large` $30.
  private static func policy(_ more: String = "") throws -> Policy {
    let text = """
      sluice: v1
      upstreams:
        one: { api: simulated, retry: { attempts: 2 } }
        two: { api: simulated, retry: none }
      models:
        small: { upstream: one, context: 2M, max_output: 1M, price: { input: $1/M, output: $2/M } }
        large: { upstream: two, context: 2M, max_output: 1M, price: { input: $10/M, output: $20/M } }
      server: { max_body: 10MB }
      targets:
        fast: [small]
        slow: [large, small]
        trial: { split: { fast: 50%, slow: 50% }, by: user.id }

      """
    let checked = Language.check(Bundle(texts: [("policy.yaml", text + more)]))
    return try #require(
      checked.policy,
      "\(checked.findings.rendered(as: .human, of: checked.bundle))"
    )
  }

  private static let rest = "routes: [{ name: rest, to: slow }]\n"

  private func budget(
    _ limit: Int64,
    per window: BudgetSettings.Window = .day,
    key: SluicePolicy.Expression? = nil,
    tiers: [String: Int64] = [:],
    onExceed: [BudgetSettings.Relief] = []
  ) -> BudgetSettings {
    BudgetSettings(
      name: "budget",
      window: window,
      key: key,
      limit: NanoDollars(limit * NanoDollars.perDollar),
      tiers: tiers.mapValues { NanoDollars($0 * NanoDollars.perDollar) },
      onExceed: onExceed
    )
  }

  private func whole(_ amount: NanoDollars?) -> Int64? {
    amount.map { $0.count / NanoDollars.perDollar }
  }

  @Test("a request costs the tries of all candidates, and at best one of the dearest")
  func request() throws {
    let policy = try Self.policy(
      """
      tiers: { cheap: { models: [small] } }
      routes:
        - { name: one, to: fast, when: request.stream }
        - { name: two, to: requested, when: size(request.tools) > 0 }
        - { name: rest, to: trial }

      """
    )
    let bounds = CostBounds(policy)
    #expect(bounds.routes.map { whole($0.request?.attempt) } == [3, 30, 30])
    #expect(bounds.routes.map { whole($0.request?.allTries) } == [6, 36, 36])
    #expect(bounds.routes[2].request?.steps.map(\.tries) == [1, 2])
    #expect(bounds.users.map(\.tier) == ["", "cheap"])
    #expect(bounds.users.map { whole($0.request?.allTries) } == [36, 6])
    let four = CostBounds(policy, choices: 4)
    #expect(whole(four.routes[0].request?.attempt) == 9)
  }

  @Test("a route that leads a tier to no model costs it nothing, and one that none takes says so")
  func unreachable() throws {
    var policy = try Self.policy("tiers: { cheap: { models: [small] } }\n" + Self.rest)
    policy.targets[1].kind = .candidates([ModelIndex(0)])
    #expect(policy.models[0].name == "large")
    let bounds = CostBounds(policy)
    #expect(bounds.users.map { whole($0.request?.allTries) } == [30, nil])
    #expect(whole(bounds.users[1].day.worst) == 0)
    policy.tiers[0].models = []
    #expect(CostBounds(policy).users[1].request == nil)
  }

  @Test("a budget re-routes in place of the last try, and one of a request caps it")
  func budgets() throws {
    var policy = try Self.policy(Self.rest)
    let fast = try #require(policy.target(named: "fast"))
    policy.budgets = [budget(1_000, onExceed: [.clamp, .reroute(fast)])]
    #expect(whole(CostBounds(policy).routes[0].request?.allTries) == 39)
    policy.budgets.append(budget(20, per: .request))
    let request = CostBounds(policy).routes[0].request
    #expect(whole(request?.allTries) == 20 && whole(request?.attempt) == 20)
    #expect(request?.cappedBy == "budget")
  }

  @Test("nothing bounds a day without limits; each limit and budget that holds a user does")
  func day() throws {
    let open = CostBounds(try Self.policy(Self.rest))
    #expect(open.everybody.day.requests == nil && open.everybody.day.worst == nil)

    let limited = try Self.policy(
      """
      tiers: { premium: {} }
      limits:
        in-flight: { key: user.id, concurrent: 1 }
        per-ip: { key: client.ip, rate: 1/d }
        per-user: { key: user.id, rate: 10/h, tiers: { premium: 20/h } }
        tenant: { key: tenant, rate: 400/d, burst: 50 }
        global: { rate: 1000/d }

      """ + Self.rest
    )
    let bounds = CostBounds(limited)
    #expect(bounds.users.map(\.day.requests) == [240, 450])
    #expect(bounds.users.map(\.day.requestsBy) == ["per-user", "tenant"])
    #expect(bounds.users.map { whole($0.day.smooth) } == [240 * 30, 450 * 30])
    #expect(bounds.users.map { whole($0.day.worst) } == [240 * 36, 450 * 36])
    #expect(bounds.everybody.day.requests == 1_000)
    #expect(bounds.everybody.day.requestsBy == "global")

    var budgeted = limited
    budgeted.budgets = [budget(5, per: .hour, key: limited.limits[2].key, tiers: ["premium": 7])]
    #expect(CostBounds(budgeted).users.map { whole($0.day.worst) } == [120, 168])
    #expect(CostBounds(budgeted).users.map(\.day.worstBy) == ["budget", "budget"])
    #expect(whole(CostBounds(budgeted).everybody.day.worst) == 36_000)
  }

  @Test("limits of tokens bound requests by the least of them, and money by the dearest token")
  func tokens() throws {
    var policy = try Self.policy("limits: { all: { rate: 70/h } }\n" + Self.rest)
    policy.limits[0].measure = .tokens(.init(count: 70, per: .seconds(3_600)), burst: 0)
    let day = CostBounds(policy).everybody.day
    #expect(day.requests == 240)
    // 1,680 tokens at $20 a million.
    #expect(day.smooth == NanoDollars(33_600_000))
  }

  @Test("the runway of a budget is its limit at the pace of its requests")
  func runway() throws {
    var policy = try Self.policy(
      """
      limits:
        per-user: { key: user.id, rate: 1/h }
        global: { rate: 10/m }

      """ + Self.rest
    )
    policy.budgets = [budget(3_600), budget(72, key: policy.limits[0].key)]
    let bounds = CostBounds(policy).budgets
    // 10 requests of $36 a minute; all ten may come at once.
    #expect(bounds[0].runway == .after(even: .seconds(600), earliest: .seconds(540)))
    #expect(bounds[0].pacedBy == "global")
    // A user asks once an hour: the second request is the last that fits.
    #expect(bounds[1].runway == .after(even: .seconds(7_200), earliest: .seconds(3_600)))
    #expect(bounds[1].pacedBy == "per-user")
    policy.budgets = [budget(36 * 25, key: policy.limits[0].key)]
    #expect(CostBounds(policy).budgets[0].runway == .never)
    policy.limits = []
    #expect(CostBounds(policy).budgets[0].runway == .unlimited)
    for position in policy.models.indices { policy.models[position].prices = [.init(.free)] }
    #expect(CostBounds(policy).budgets[0].runway == .never)
  }

  @Test("a model without a price is named, and one of several prices counts as of its day")
  func prices() throws {
    var policy = try Self.policy(Self.rest)
    let position = try #require(policy.model(named: "large")?.position)
    policy.models[position].prices = []
    #expect(CostBounds(policy).unpriced == ["large"])
    let cheap = ModelSettings.Price(.init(input: Self.dollars(1), output: Self.dollars(1)))
    let dear = ModelSettings.Price(.init(input: Self.dollars(9), output: Self.dollars(9)))
    policy.models[position].prices = [
      .init(dear), .init(from: CivilDate(year: 1970, month: 1, day: 3), cheap),
    ]
    func attempt(_ wall: Int64?) -> Int64? {
      whole(CostBounds(policy, atWall: wall).routes[0].request?.attempt)
    }
    #expect(attempt(0) == 18)
    #expect(attempt(2 * 86_400 * Self.second) == 3)
    #expect(attempt(nil) == 18)
  }

  @Test("one try is bounded by the dearest of all prompts and answers that fit, and no more")
  func everyPrompt() throws {
    var random = SplitMix(seed: 11)
    var policy = try Self.policy(Self.rest)
    for round in 0..<1_500 {
      let context = 1 + random.below(24)
      let price = Self.price(&random)
      let choices = 1 + random.below(3)
      policy.server.maxBody = random.below(30)
      for position in policy.models.indices {
        policy.models[position].context = context
        policy.models[position].maxOutput = 1 + random.below(context)
        policy.models[position].prices = [.init(price)]
      }
      let answer = policy.models.map(\.maxOutput).max() ?? 0
      var most = NanoDollars.zero
      for prompt in 0...min(context, policy.server.maxBody) {
        for output in 0...min(answer, context - prompt) {
          let rates = price.rates(ofPrompt: prompt)
          let cost = NanoDollars(
            costOf: PricedTokens(prompt, at: rates.dearestInput),
            PricedTokens(output * choices, at: rates.dearestOutput)
          )
          most = max(most, cost)
        }
      }
      let bounds = CostBounds(policy, choices: choices)
      #expect(bounds.routes[0].request?.attempt == most, "round \(round), \(policy.models)")
    }
  }

  @Test("no traffic that the limiter admits is more, or spends a budget sooner, than is told")
  func everyRequest() throws {
    var random = SplitMix(seed: 5)
    let policy = try Self.policy("limits: { all: { rate: 1/h } }\n" + Self.rest)
    for round in 0..<40 {
      var limited = policy
      let window = Int64(600 + random.below(80_000))
      let rate = LimitSettings.Rate(count: 1 + random.below(9), per: .seconds(window))
      let burst = random.below(3) == 0 ? random.below(9) : 0
      limited.limits[0].measure = .requests(rate, burst: burst)
      limited.budgets = [budget(Int64(1 + random.below(2_000)))]
      let bounds = CostBounds(limited)
      let told = try #require(bounds.everybody.day.requests)
      let cost = try #require(bounds.everybody.request?.allTries)
      // Somebody who asks again and again, all day.
      var counter = SlidingWindow(rate: rate)
      var admitted: Int64 = 0
      var spent: Int64 = 0
      var goneAt: Int64?
      for time in stride(from: Int64(0), to: 86_400 * Self.second, by: 97 * Int(Self.second)) {
        while counter.take(rate, burst: burst, at: time).isAdmitted {
          admitted += 1
          spent += cost.count
          if spent >= limited.budgets[0].limit.count, goneAt == nil { goneAt = time }
        }
      }
      #expect(admitted <= told, "round \(round): \(rate) + \(burst)")
      #expect(Double(admitted) >= Double(told) * 0.45, "round \(round): \(rate) + \(burst)")
      switch bounds.budgets[0].runway {
      case .never: #expect(spent <= limited.budgets[0].limit.count, "round \(round)")
      case .after(_, let earliest):
        if let goneAt { #expect(goneAt >= earliest.nanoseconds, "round \(round)") }
      case .unlimited: Issue.record("round \(round): the limit was not seen")
      }
    }
  }

  private static func price(_ random: inout SplitMix) -> ModelSettings.Price {
    func rates() -> ModelSettings.Price.Rates {
      .init(input: dollars(Int64(random.below(50))), output: dollars(Int64(random.below(50))))
    }
    let counts = Set((0..<random.below(4)).map { _ in random.below(24) }).sorted()
    return ModelSettings.Price(rates(), thresholds: counts.map { .init(above: $0, rates: rates()) })
  }
}

extension RateDecision {
  fileprivate var isAdmitted: Bool {
    if case .admitted = verdict { true } else { false }
  }
}
