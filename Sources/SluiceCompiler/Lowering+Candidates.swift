import SluiceCore
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry

/// The candidates of a goal: for each, for each try: breaker, hold, attempt, and a wait before the
/// next try.
extension Lowering {
  /// Where the candidates of a target stand: at a goal of the routes, or where a budget leads.
  enum Chain {
    case goal
    case reroute(HoldStage.Reroute)
    /// For shadows, which ask the first that may be asked, once, and no other.
    case shadow
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
      case .shadow: "shadow \(policy.name(of: goal))"
      }
    return Candidate(goal: name, model: policy[model].name)
  }

  /// Where the candidate at `position` begins; behind the last, the end of all asking.
  func candidate(_ goal: RouteTable.Goal, _ position: Int, in chain: Chain) -> String {
    let models = policy.models(of: goal)
    guard position < models.count else { return unanswered(in: chain) }
    return nodes(goal, models[position], in: chain)
      .first(
        isGuarded: policy.upstream(of: models[position]).breaker != nil,
        isHeld: holdRules != nil
      )
  }

  /// Where an exchange goes when no candidate answered: a shadow wants nothing that is kept.
  private func unanswered(in chain: Chain) -> String {
    switch chain {
    case .goal, .reroute: unanswered
    case .shadow: "refuse"
    }
  }

  mutating func addCandidates(of goal: RouteTable.Goal, in chain: Chain) {
    for (position, model) in policy.models(of: goal).enumerated() {
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
    let upstream = policy.upstream(of: model)
    let tries: Int
    let other: String
    switch chain {
    case .goal, .reroute:
      tries = upstream.retry?.attempts ?? 1
      other = next
    case .shadow:
      tries = 1
      // What another model answers says nothing about the answer that was given.
      other = unanswered(in: chain)
    }
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
            "open": other, "unhealthy": other, "forced": other, "skipped": next,
          ]
        )
      }
      if let holdRules { addHold(candidate, model, holdRules, number, in: chain, next: next) }
      addAttempt(
        candidate,
        model,
        upstream,
        number: number,
        of: tries,
        in: chain,
        skipped: next,
        next: other
      )
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
          exits: ["again": again, "exhausted": other, "gave_up": unanswered(in: chain)]
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
    case .reroute, .shadow: open = []
    }
    let hasLookup: Bool
    switch chain {
    case .goal, .reroute: hasLookup = self.hasLookup
    case .shadow: hasLookup = false
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

  /// Asks a model what questions mean, as candidates are asked.
  func upstreamEmbedder(_ model: ModelIndex) -> UpstreamEmbedder {
    let upstream = policy.upstream(of: model)
    let settings = policy[model]
    return UpstreamEmbedder(
      model: model,
      settings: settings,
      upstream: port(of: upstream),
      breaker: upstream.breaker,
      breakers: ports.breakers,
      holds: holdRules,
      stop: switches,
      settlement: AttemptSettlement(ledger: ports.ledger, rules: holdRules),
      failures: ports.metrics.attemptFailures(of: settings.name)
    )
  }

  private func port(of upstream: UpstreamSettings) -> any Upstream {
    guard let port = ports.upstreams[upstream.name] else {
      preconditionFailure("upstream \(upstream.name) is not connected")
    }
    return port
  }

  private mutating func addAttempt(
    _ candidate: Candidate,
    _ model: ModelIndex,
    _ upstream: UpstreamSettings,
    number: Int,
    of tries: Int,
    in chain: Chain,
    skipped: String,
    next: String
  ) {
    let settings = policy[model]
    builder.add(
      .attempt,
      candidate.attempt(number),
      summary: settings.summary,
      place: settings.place,
      waiting: AttemptStage(
        model: model,
        settings: settings,
        upstream: port(of: upstream),
        access: access,
        earnings: number > 1
          ? nil
          : upstream.retry.map {
            RetryEarnings(ports.retryBudgets, upstream: upstream.name, share: $0.budget)
          },
        failures: ports.metrics.attemptFailures(of: settings.name),
        meter: ports.meter,
        settlement: AttemptSettlement(ledger: ports.ledger, rules: holdRules),
        stop: holdRules == nil ? switches : nil
      ),
      exits: [
        "answered": "settle", "declined": nil, "skipped": skipped,
        "failed": number < tries ? candidate.retry(number + 1) : next,
        "passed_over": next, "gave_up": unanswered(in: chain), "cut": "settle",
      ]
    )
  }
}
