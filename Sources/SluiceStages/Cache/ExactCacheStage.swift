internal import SluiceCore
internal import SluiceDialects
package import SluiceExpressions
internal import SluiceHTTP
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Answers a request that was answered before, and lets one of several equal ones ask.
///
/// Settings of all products; the answers sit in `ReplyCache`, those being asked for in
/// `FlightTable`.
package struct ExactCacheStage: WaitingStage {
  package enum Exit: Int, StageExit {
    /// Answered from the cache, perhaps after waiting for an equal request.
    case hit
    /// Answered with what is past its time, while a background exchange asks anew.
    case stale
    /// Not in the cache; the answer will be stored.
    case miss
    /// The client asked for a new answer, which will be stored.
    case refresh
    /// Neither looked up nor stored.
    case bypass
    /// The exchange's deadline passed, or its client left, while it waited for an equal request.
    case gaveUp
  }

  /// How answers of one product are kept.
  ///
  /// An object: every look-up reads it, and it is a handful of references.
  package final class Rules: Sendable {
    package let scope: ProductSettings.Scope
    package let ttlNanoseconds: Int64
    /// After that, how long it may be served where it is marked, for whichever reason.
    package let staleNanoseconds: Int64
    /// Of that, how long it is served at once while it is asked for anew.
    package let revalidationNanoseconds: Int64
    package let tags: [String]
    package let storesFallbacks: Bool
    /// The program of the policy's own `key`.
    package let key: Program?
    /// The program of `tags`, where they are not the same for all.
    package let tagging: Program?

    /// The value of the policy's own `key` for an exchange; `nil` if there is none.
    func ownKey(of exchange: Exchange) throws(EvaluationError) -> String? {
      guard let key else { return nil }
      return try key.evaluateString(&exchange.frame)
    }

    package init(_ settings: ProductSettings.Cache, key: Program?, tagging: Program? = nil) {
      scope = settings.scope
      ttlNanoseconds = settings.ttl.nanoseconds
      revalidationNanoseconds = settings.staleWhileRevalidate?.nanoseconds ?? 0
      staleNanoseconds = max(settings.staleIfError?.nanoseconds ?? 0, revalidationNanoseconds)
      tags = settings.tags
      storesFallbacks = settings.storeFallbacks
      self.key = key
      self.tagging = tagging
    }

    /// Those of a policy's products, by name; a product without a cache has none.
    package static func all(of policy: Policy) -> [String: Rules] {
      Dictionary(
        uniqueKeysWithValues: policy.products.compactMap { product in
          product.cache.map { cache in
            (
              product.name,
              Rules(
                cache,
                key: cache.key?.checked.program(),
                tagging: cache.tagging?.checked.program()
              )
            )
          }
        }
      )
    }
  }

  package let exits = Exit.names
  private let rules: [String: Rules]
  private let cache: any ReplyCache
  private let flights: FlightTable
  private let background: BackgroundEntry?
  private let errors: Counter

  /// Makes the node.
  ///
  /// - Parameters:
  ///   - rules: by the name of the product; those without a cache are left out.
  ///   - cache: where answers are kept.
  ///   - flights: who is asking for which answer.
  ///   - background: asks anew for what is served past its time; `nil` where nothing is.
  ///   - errors: counts keys and tags that had no value.
  package init(
    rules: [String: Rules],
    cache: any ReplyCache,
    flights: FlightTable,
    background: BackgroundEntry? = nil,
    errors: Counter
  ) {
    self.rules = rules
    self.cache = cache
    self.flights = flights
    self.background = background
    self.errors = errors
  }

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    exchange.cacheOutcome = .bypass
    let product = exchange.caller.product
    guard let rules = rules[product] else {
      exchange.explain(
        product.isEmpty ? "no product, hence no cache" : "product \(product) has no cache"
      )
      return Exit.bypass.index
    }
    // RFC 9111 section 5.2.1: what the client says about this one request.
    let fields = exchange.request.fields
    if fields.list("cache-control", contains: "no-store") {
      exchange.explain("the client said no-store")
      return Exit.bypass.index
    }
    guard let key = key(of: exchange, under: rules) else { return Exit.bypass.index }
    exchange.cacheKey = key

    exchange.cacheOutcome = .miss
    if fields.list("cache-control", contains: "no-cache") {
      exchange.explain("the client said no-cache")
      guard let tags = tags(of: exchange, under: rules) else { return bypass(exchange) }
      return ask(exchange, key, rules, tags, flights: nil, by: .refresh)
    }
    return await lookUp(exchange, key, rules)
  }

  private func lookUp(_ exchange: Exchange, _ key: Digest, _ rules: Rules) async -> ExitIndex {
    if let reply = cache.reply(for: key, at: exchange.moment) { return hit(exchange, reply) }
    if let exit = revalidate(exchange, key, rules) { return exit }
    // Only an answer that is to be kept needs them.
    guard let tags = tags(of: exchange, under: rules) else { return bypass(exchange) }
    if exchange.isTraced {
      exchange.explain("not in the cache: \(key.hex)")
      return Exit.miss.index
    }
    // Ends: each turn but `served` returns, and `served` means that another exchange has had its
    // answer; the deadline bounds how often.
    while true {
      let start = exchange.moment.monotonic
      let turn = await flights.join(
        key,
        until: exchange.deadline,
        in: exchange.world,
        unless: exchange.cancellation
      )
      exchange.moment = exchange.world.now
      exchange.upstreamWait += exchange.moment.monotonic - start
      switch turn {
      case .lead:
        let exit = ask(exchange, key, rules, tags, flights: flights, by: .miss)
        // Between the look-up and the lead another flight may have landed.
        guard let reply = cache.reply(for: key, at: exchange.moment) else { return exit }
        land(exchange)
        return hit(exchange, reply)
      case .served(let match):
        // Looked up rather than handed over, so that an invalidation in between is obeyed.
        if let reply = cache.reply(for: match?.answer ?? key, at: exchange.moment) {
          return hit(exchange, reply, as: match)
        }
      case .alone:
        exchange.explain("\(Bounds.flightFollowers) wait for this answer already")
        return ask(exchange, key, rules, tags, flights: nil, by: .miss)
      case .deadline:
        exchange.failure = Failure(.deadline)
        return Exit.gaveUp.index
      case .cancelled(let reason):
        exchange.failure = Failure(Failure.Reason(reason))
        return Exit.gaveUp.index
      }
    }
  }

  /// Answers at once with what expired a moment ago, and has it asked for anew, by one background
  /// exchange at a time.
  ///
  /// `nil`: nothing is kept that may be served so.
  private func revalidate(_ exchange: Exchange, _ key: Digest, _ rules: Rules) -> ExitIndex? {
    guard let background, rules.revalidationNanoseconds > 0,
      let reply = cache.staleReply(for: key, at: exchange.moment),
      // What was kept under another policy is served as this one says.
      exchange.moment.monotonic - reply.storedAt.monotonic
        < reply.ttlNanoseconds.addingSaturated(rules.revalidationNanoseconds)
    else { return nil }
    // Another may have stored the next one since the look-up.
    let isFresh = exchange.moment.monotonic - reply.storedAt.monotonic < reply.ttlNanoseconds
    if isFresh { return hit(exchange, reply) }
    answer(exchange, with: reply, as: .stale)
    if !exchange.isTraced { refresh(exchange, key, rules, by: background) }
    return Exit.stale.index
  }

  private func refresh(
    _ exchange: Exchange,
    _ key: Digest,
    _ rules: Rules,
    by background: BackgroundEntry
  ) {
    guard let tags = tags(of: exchange, under: rules), flights.lead(key) else { return }
    let pending = pending(exchange, key, rules, tags, flights: flights)
    // Between the look-up and the lead the flight before may have landed.
    if cache.reply(for: key, at: exchange.moment) != nil { return pending.land(isStored: true) }
    let hasBegun = background.exchanges.begin(.refresh, at: background.name, for: exchange) {
      next in
      next.cacheKey = key
      next.flight = pending
      next.atEnd(pending)
    }
    if !hasBegun { pending.land(isStored: false) }
  }

  /// Goes on to ask; the answer is to be kept under `key`.
  private func ask(
    _ exchange: Exchange,
    _ key: Digest,
    _ rules: Rules,
    _ tags: [String],
    flights: FlightTable?,
    by exit: Exit
  ) -> ExitIndex {
    let pending = pending(exchange, key, rules, tags, flights: flights)
    exchange.flight = pending
    exchange.atEnd(pending)
    return exit.index
  }

  /// What is to be kept, begun before it is asked for, so that an invalidation in between counts.
  private func pending(
    _ exchange: Exchange,
    _ key: Digest,
    _ rules: Rules,
    _ tags: [String],
    flights: FlightTable?
  ) -> PendingAnswer {
    let product = exchange.caller.product
    return PendingAnswer(
      key: key,
      product: product,
      rules: rules,
      tags: tags,
      epoch: cache.epoch(of: product),
      flights: flights
    )
  }

  private func land(_ exchange: Exchange) {
    (exchange.flight as? PendingAnswer)?.land(isStored: true)
    exchange.flight = nil
  }

  /// Neither looks up nor keeps, after all.
  private func bypass(_ exchange: Exchange) -> ExitIndex {
    exchange.cacheOutcome = .bypass
    exchange.cacheKey = nil
    return Exit.bypass.index
  }

  /// What an invalidation can name of the answer, each once: of the policy, and of the caller.
  ///
  /// `nil` if the policy's expression has no value: what cannot be named must not be kept.
  private func tags(of exchange: Exchange, under rules: Rules) -> [String]? {
    var tags = rules.tags
    if let program = rules.tagging {
      do throws(EvaluationError) {
        tags = try program.tags(&exchange.frame)
      } catch {
        errors.increment()
        exchange.explain("the tags have no value: \(error)")
        return nil
      }
      guard tags.count <= Bounds.cacheTags, tags.allSatisfy(TagRule.allows) else {
        errors.increment()
        exchange.explain(
          "the tags are more than \(Bounds.cacheTags), or one is not \(TagRule.words)"
        )
        return nil
      }
    }
    for tag in exchange.caller.cacheTags where !tags.contains(tag) { tags.append(tag) }
    return tags
  }

  private func key(of exchange: Exchange, under rules: Rules) -> Digest? {
    guard let asked = exchange.facts.asked, let primary = exchange.primary else {
      preconditionFailure("a request is read and routed before its answer is looked up")
    }
    let extra: String?
    do throws(EvaluationError) {
      extra = try rules.ownKey(of: exchange)
    } catch {
      errors.increment()
      exchange.explain("the key has no value: \(error)")
      return nil
    }
    let caller = exchange.caller
    return ExactKey.digest(
      service: asked.service,
      scope: CacheScope(rules.scope, of: caller),
      product: caller.product,
      target: exchange.target,
      primary: exchange.generation.policy.models[primary.position],
      extra: extra,
      bodyBytes: asked.bodyBytes
    ) { asked.appendCacheText(to: &$0) }
  }

  private func hit(
    _ exchange: Exchange,
    _ reply: CachedReply,
    as match: SemanticMatch? = nil
  ) -> ExitIndex {
    answer(exchange, with: reply, as: match == nil ? .exact : .semantic)
    exchange.similarity = match?.similarity
    return Exit.hit.index
  }

  private func answer(_ exchange: Exchange, with reply: CachedReply, as outcome: CacheOutcome) {
    guard let asked = exchange.facts.asked else { preconditionFailure("read before a look-up") }
    exchange.answer(asked, from: reply, as: outcome, at: exchange.moment)
  }
}

extension Int64 {
  /// The sum, or the largest number there is.
  fileprivate func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflowed) = addingReportingOverflow(other)
    return overflowed ? .max : sum
  }
}

extension Program {
  /// The value of an expression that gives a list of strings, each once.
  fileprivate func tags(_ frame: inout Frame) throws(EvaluationError) -> [String] {
    guard case .list(let values) = try evaluate(&frame) else {
      throw .noSuchOverload("tags")
    }
    var tags: [String] = []
    for value in values {
      // An element may be `dyn` to the checker.
      guard case .string(let tag) = value else { throw .noSuchOverload("tags") }
      if !tags.contains(tag) { tags.append(tag) }
    }
    return tags
  }
}

extension Exchange {
  /// Answers with what was kept, at no cost.
  func answer(
    _ asked: ModelRequest,
    from reply: CachedReply,
    as cacheOutcome: CacheOutcome,
    at moment: Moment
  ) {
    let age = max(0, moment.monotonic - reply.storedAt.monotonic) / 1_000_000_000
    let answer: Reply
    if asked.isStreaming, let parsed = ModelReply(reply.body) {
      answer = Reply(parsed, body: reply.body, to: asked)
    } else {
      answer = Reply(status: 200, body: reply.body)
    }
    outcome = .reply(answer)
    self.cacheOutcome = cacheOutcome
    ageSeconds = age
    answeredBy = generation.model(named: reply.model)
    explain("stored \(age) s ago by \(reply.model)")
  }
}
