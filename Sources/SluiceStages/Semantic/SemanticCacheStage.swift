internal import SluiceCore
internal import SluiceDialects
internal import SluiceExpressions
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry

/// Answers a question that means the same as one that was answered before.
///
/// Behind the exact cache, so that an exact hit waits for nothing here, and of equal questions at
/// once only the leader comes. What its question means is made and compared on other threads, by a
/// deadline of `Bounds.semanticMilliseconds`; whatever goes wrong, the exchange goes on as a miss.
package struct SemanticCacheStage: WaitingStage {
  package enum Exit: Int, StageExit {
    /// Answered with the answer to a near question.
    case hit
    /// Nothing is near, or something stands against what is.
    case miss
    /// Not compared: the product has no semantic cache, or the request is none that is compared.
    case bypass
    /// As many texts, or look-ups, as may wait do.
    case busy
    /// The deadline of the look-up came first.
    case late
    /// The question has more tokens than the encoder takes.
    case tooLong
    /// The encoder failed.
    case failed
    /// The answers of the near questions are no longer kept.
    case vanished
    /// The client left, or the gateway stops.
    case gaveUp
  }

  /// How questions of one product are compared.
  package struct Rules: Sendable {
    let exact: ExactCacheStage.Rules
    let verifier: Verifier
    let memory: SemanticMemory
    let product: ProductMemory
    /// `nil`: the encoder of this machine makes the vectors.
    let upstream: UpstreamEmbedder?
    /// The hits that are compared with fresh answers; `nil`: none.
    package let shadow: ProductSettings.Semantic.Shadow?

    /// - Parameters:
    ///   - settings: what the policy says.
    ///   - exact: how its answers are kept.
    ///   - product: the name of the product.
    ///   - memory: what is kept of its questions.
    ///   - upstream: what makes the vectors, if it is not the memory's encoder.
    package init(
      _ settings: ProductSettings.Semantic,
      exact: ExactCacheStage.Rules,
      product: String,
      memory: SemanticMemory,
      upstream: UpstreamEmbedder? = nil
    ) {
      self.exact = exact
      self.memory = memory
      self.product = memory.memory(of: product)
      self.upstream = upstream
      shadow = settings.shadow.flatMap { $0.share > 0 ? $0 : nil }
      var rule = Verifier.Rule(bar: settings.bar)
      // A bar is picked on scores without it: what it adds would let pass what the bar did not.
      rule.supportWeight = 0
      // A person's bar decides alone; where a share is declared, answers that differ may object. Of an
      // upstream's vectors none are compared.
      if settings.maxWrong == nil || upstream != nil { rule.doubt = 1 }
      verifier = Verifier(rule)
    }

    /// Those of a policy's products, by name; a product without a semantic cache has none.
    ///
    /// - Parameters:
    ///   - policy: whose products they are.
    ///   - exact: how answers are kept, by product.
    ///   - memory: of the embedder that is named; `nil`: of this machine.
    ///   - upstream: asks that embedder.
    /// - Returns: rules by the name of the product.
    package static func all(
      of policy: Policy,
      exact: [String: ExactCacheStage.Rules],
      memory: (ModelIndex?) -> SemanticMemory,
      upstream: (ModelIndex) -> UpstreamEmbedder
    ) -> [String: Rules] {
      Dictionary(
        uniqueKeysWithValues: policy.products.compactMap { product in
          guard let semantic = product.cache?.semantic, let exact = exact[product.name] else {
            return nil
          }
          let rules = Rules(
            semantic,
            exact: exact,
            product: product.name,
            memory: memory(semantic.embedder),
            upstream: semantic.embedder.map(upstream)
          )
          return (product.name, rules)
        }
      )
    }
  }

  package let exits = Exit.names
  private let rules: [String: Rules]
  private let cache: any ReplyCache
  private let shadows: BackgroundEntry?
  private let metrics: MetricsRegistry

  /// Makes the node.
  ///
  /// - Parameters:
  ///   - rules: by the name of the product; those without a semantic cache are left out.
  ///   - cache: where answers are kept.
  ///   - shadows: asks what a hit was asked, too; `nil` where no product wants it.
  ///   - metrics: where misses are counted by their reason.
  package init(
    rules: [String: Rules],
    cache: any ReplyCache,
    shadows: BackgroundEntry? = nil,
    metrics: MetricsRegistry
  ) {
    self.rules = rules
    self.cache = cache
    self.shadows = shadows
    self.metrics = metrics
  }

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    guard let rules = rules[exchange.caller.product] else {
      exchange.explain("product \(exchange.caller.product) has no semantic cache")
      return Exit.bypass.index
    }
    guard let asked = exchange.facts.asked else {
      preconditionFailure("a request is read before its meaning is looked up")
    }
    guard let key = key(of: asked, exchange, under: rules) else { return Exit.bypass.index }
    var deadline = Self.deadline(of: exchange)
    let meaning: Meaning
    do throws(EmbeddingFailure) {
      meaning = try await Self.meaning(of: key.text, exchange, under: rules, until: deadline)
    } catch {
      exchange.moment = exchange.world.now
      return exit(for: error, exchange)
    }
    exchange.moment = exchange.world.now
    if rules.upstream != nil { deadline = Self.deadline(of: exchange) }
    return await lookUp(exchange, asked, key, meaning, under: rules, until: deadline)
  }

  /// When what an exchange waits for on this machine must be there.
  private static func deadline(of exchange: Exchange) -> Int64 {
    min(exchange.deadline, exchange.moment.monotonic + Bounds.semanticMilliseconds * 1_000_000)
  }

  private static func meaning(
    of text: String,
    _ exchange: Exchange,
    under rules: Rules,
    until deadline: Int64
  ) async throws(EmbeddingFailure) -> Meaning {
    if let upstream = rules.upstream {
      let vector = try await upstream.vector(of: text, for: exchange)
      guard rules.memory.fits(vector) else {
        throw .failed("the vector has \(vector.count) floats, others had not")
      }
      return Meaning(vector: vector, words: [])
    }
    guard let embedder = rules.memory.embedder else {
      preconditionFailure("a memory without an encoder has an upstream")
    }
    return try await embedder.embed(
      text,
      until: deadline,
      in: exchange.world,
      unless: exchange.cancellation
    )
  }

  private func key(
    of asked: ModelRequest,
    _ exchange: Exchange,
    under rules: Rules
  ) -> SemanticKey? {
    guard let primary = exchange.primary else {
      preconditionFailure("a request is routed before its meaning is looked up")
    }
    let extra: String?
    do throws(EvaluationError) {
      extra = try rules.exact.ownKey(of: exchange)
    } catch {
      // The exact cache, which asks first, has counted it and passed the request by.
      exchange.explain("the key has no value: \(error)")
      return nil
    }
    do throws(SemanticKey.Bypass) {
      return try SemanticKey(
        asked,
        scope: CacheScope(rules.exact.scope, of: exchange.caller),
        product: exchange.caller.product,
        target: exchange.target,
        primary: exchange.generation.policy.models[primary.position],
        extra: extra
      )
    } catch {
      miss(exchange, error.name)
      exchange.explain("not compared: \(error.name)")
      return nil
    }
  }

  private func lookUp(
    _ exchange: Exchange,
    _ asked: ModelRequest,
    _ key: SemanticKey,
    _ meaning: Meaning,
    under rules: Rules,
    until deadline: Int64
  ) async -> ExitIndex {
    var nearest: [SemanticMemory.Near] = []
    for _ in 0..<Bounds.semanticRounds {
      let end = await rules.memory.lookUp(
        meaning,
        key,
        by: rules.verifier,
        for: rules.product,
        until: deadline,
        in: exchange.world,
        unless: exchange.cancellation
      )
      exchange.moment = exchange.world.now
      switch end {
      case .busy: return exit(for: .busy, exchange)
      case .late: return exit(for: .late, exchange)
      case .cancelled(let reason): return exit(for: .cancelled(reason), exchange)
      case .judged(.miss(let objection, let candidate), let near):
        keep(exchange, key, meaning, near, candidate, under: rules)
        miss(exchange, objection.name)
        exchange.explain(Self.words(objection, candidate))
        return Exit.miss.index
      case .judged(.hit(let judgement), let near):
        nearest = near
        // Read last, and with nothing to wait for behind it: an answer that was invalidated while
        // its question was looked up is gone here.
        if let answer = near.first?.answer,
          let reply = cache.reply(for: answer, at: exchange.moment),
          let text = ModelReply(reply.body)?.onlyText
        {
          rules.memory.touch(judgement.neighbour)
          shadow(exchange, text, judgement, under: rules)
          return hit(exchange, asked, reply, SemanticMatch(answer: answer, judgement), judgement)
        }
        rules.memory.remove(judgement.neighbour)
      }
    }
    keep(exchange, key, meaning, nearest, nil, under: rules)
    miss(exchange, "vanished")
    exchange.explain("what lies near has no answer any more")
    return Exit.vanished.index
  }

  private func hit(
    _ exchange: Exchange,
    _ asked: ModelRequest,
    _ reply: CachedReply,
    _ match: SemanticMatch,
    _ judgement: Verifier.Judgement
  ) -> ExitIndex {
    // Those who wait with the same question are given the same answer.
    (exchange.flight as? PendingAnswer)?.land(isStored: true, on: match)
    exchange.flight = nil
    exchange.answer(asked, from: reply, as: .semantic, at: exchange.moment)
    exchange.similarity = match.similarity
    if exchange.isTraced {
      exchange.explain("\(Self.words(judgement)), stored \(exchange.ageSeconds ?? 0) s ago")
    }
    return Exit.hit.index
  }

  /// Has the upstream asked too, for a sample of hits, and what the client is told compared.
  ///
  /// Its exchange waits in the loop's queue behind this one, which goes on to its reply at once.
  private func shadow(
    _ exchange: Exchange,
    _ served: String,
    _ judgement: Verifier.Judgement,
    under rules: Rules
  ) {
    guard let shadows, let share = rules.shadow?.share, !exchange.isTraced,
      let key = exchange.cacheKey, Shadow.samples(key, share: share)
    else { return }
    let shadow = Shadow(
      memory: rules.memory,
      product: rules.product,
      judgement: judgement,
      served: served
    )
    let hasBegun = shadows.exchanges.begin(.shadow, at: shadows.name, for: exchange) { next in
      next.flight = shadow
      next.atEnd(shadow)
    }
    if !hasBegun { rules.memory.count(.full, of: rules.product) }
  }

  /// Has the question kept once its answer is stored.
  private func keep(
    _ exchange: Exchange,
    _ key: SemanticKey,
    _ meaning: Meaning,
    _ near: [SemanticMemory.Near],
    _ candidate: Verifier.Judgement?,
    under rules: Rules
  ) {
    (exchange.flight as? PendingAnswer)?.question = AskedQuestion(
      memory: rules.memory,
      product: rules.product,
      key: key,
      meaning: meaning,
      near: near,
      candidate: candidate
    )
  }

  private func exit(for failure: EmbeddingFailure, _ exchange: Exchange) -> ExitIndex {
    let exit: Exit
    switch failure {
    case .busy: exit = .busy
    case .late: exit = .late
    case .tooLong: exit = .tooLong
    case .failed(let why):
      exit = .failed
      exchange.explain("not embedded: \(why)")
    case .cancelled(let reason):
      exchange.failure = Failure(Failure.Reason(reason))
      return Exit.gaveUp.index
    }
    miss(exchange, Exit.names[exit.rawValue])
    return exit.index
  }

  private func miss(_ exchange: Exchange, _ reason: String) {
    metrics.semanticMisses[exchange.caller.product, reason].increment()
  }

  // MARK: Words

  private static func words(
    _ objection: Verifier.Objection,
    _ candidate: Verifier.Judgement?
  ) -> String {
    let reason = objection.words
    return candidate.map { "\(reason); \(words($0))" } ?? reason
  }

  private static func words(_ judgement: Verifier.Judgement) -> String {
    let score = DecimalText.threeDecimals(of: Double(judgement.score))
    let cosine = DecimalText.threeDecimals(of: Double(judgement.cosine))
    return "score \(score), cosine \(cosine), \(judgement.support) neighbours agree"
  }
}

extension Verifier.Objection {
  /// For metrics: each guard has its own.
  package var name: String {
    switch self {
    case .nothingNear: "nothing_near"
    case .facts(let kind): "\(kind)"
    case .language: "language"
    case .opposites: "opposites"
    case .questionWord: "question_word"
    case .names: "names"
    case .score: "score"
    case .doubt: "doubt"
    case .tightened: "tightened"
    }
  }

  /// For trails.
  var words: String {
    switch self {
    case .nothingNear: "nothing is near"
    case .facts(let kind): "the nearest differs in \(kind)"
    case .language: "the nearest is in another language"
    case .opposites: "the nearest says the opposite of a word"
    case .questionWord: "the nearest asks with another question word"
    case .names: "one of the two names what the other does not"
    case .score: "the nearest is not near enough"
    case .doubt: "answers of this product have differed too often at such a score"
    case .tightened: "hits of this product need more, since too many were wrong"
    }
  }
}
