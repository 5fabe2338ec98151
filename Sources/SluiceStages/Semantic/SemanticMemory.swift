internal import SluiceCore
internal import SluiceDialects
package import SluicePipeline
package import SluicePolicy
package import SluiceTelemetry
internal import Synchronization

/// What the semantic caches of all products remember of one embedder, across loops and generations.
///
/// The index is looked at and changed on a thread of its own, never on a loop: with a million
/// questions a look-up holds it for 5 ms, and a loop that waited for its lock would keep exact hits
/// waiting. Answers are compared on another thread, since each takes a pass of the encoder. What
/// finds a queue full is left out: a look-up is a miss, a question is not kept, answers are not
/// compared.
///
/// Safe from any thread.
package final class SemanticMemory: Sendable {
  /// `nil` where an upstream makes the vectors: then answers are not compared, which would cost money.
  package let embedder: (any Embedder)?
  /// Floats of a vector, once one has come from an upstream.
  private let dimension = Mutex<Int?>(nil)
  private let index: any VectorIndex
  private let indexing: any Workers
  private let learning: any Workers
  private let metrics: MetricsRegistry
  private let kept: KeptStates
  private let products = Mutex<[String: ProductMemory]>([:])
  private let senses = Mutex(AnswerSenses())
  private let records = Mutex(ShadowRecords())
  private let tightened: @Sendable (SemanticTightened) -> Void

  /// Makes a memory that has seen nothing.
  ///
  /// - Parameters:
  ///   - embedder: makes vectors of questions and answers.
  ///   - index: of vectors of that embedder.
  ///   - indexing: where the index is used; one thread.
  ///   - learning: where answers are compared.
  ///   - metrics: where it counts.
  ///   - kept: where what products teach outlives it.
  ///   - tightened: is told that a product's hits need more, on the thread where answers are compared.
  package init(
    embedder: any Embedder,
    index: any VectorIndex,
    indexing: any Workers,
    learning: any Workers,
    metrics: MetricsRegistry,
    kept: KeptStates = .none,
    tightened: @escaping @Sendable (SemanticTightened) -> Void = { _ in }
  ) {
    self.embedder = embedder
    self.index = index
    self.indexing = indexing
    self.learning = learning
    self.metrics = metrics
    self.kept = kept
    self.tightened = tightened
  }

  /// Makes a memory of vectors that an upstream makes.
  ///
  /// - Parameters:
  ///   - index: of such vectors.
  ///   - indexing: where the index is used; one thread.
  ///   - metrics: where it counts.
  package init(
    ofUpstream index: any VectorIndex,
    indexing: any Workers,
    metrics: MetricsRegistry
  ) {
    embedder = nil
    self.index = index
    self.indexing = indexing
    learning = WorkInPlace()
    self.metrics = metrics
    // Without words and comparisons nothing is learnt.
    kept = .none
    tightened = { _ in }
  }

  /// Whether a vector has as many floats as the first that came.
  func fits(_ vector: [Float]) -> Bool {
    dimension.withLock { dimension in
      if dimension == nil { dimension = vector.count }
      return dimension == vector.count
    }
  }

  /// A memory that keeps nothing, where a graph is only looked at.
  package static func without(
    _ embedder: NoEmbedder,
    metrics: MetricsRegistry
  ) -> SemanticMemory {
    SemanticMemory(
      embedder: embedder,
      index: NoIndex(),
      indexing: WorkInPlace(),
      learning: WorkInPlace(),
      metrics: metrics
    )
  }

  /// What a product has taught; the same for every generation.
  package func memory(of product: String) -> ProductMemory {
    products.withLock { products in
      if let known = products[product] { return known }
      let new = ProductMemory(product, of: embedder?.fingerprint ?? Digest(of: []), kept: kept)
      products[product] = new
      return new
    }
  }

  /// Goes by a policy that is served from now on, and forgets what products taught that it has not.
  package func follow(_ policy: Policy) {
    let names = Set(policy.products.map(\.name))
    products.withLock { products in
      for (name, product) in products where !names.contains(name) { product.forget() }
      products = products.filter { names.contains($0.key) }
    }
    for product in policy.products {
      guard let semantic = product.cache?.semantic else { continue }
      let evidence = policy.evidence.first { $0.product == product.name }
      memory(of: product.name).follow(OperatingPoint.Terms(semantic, evidence: evidence))
    }
  }

  /// Keeps what products have taught since it was last kept; for the end of the process.
  package func writeOut() {
    for product in products.withLock({ Array($0.values) }) { product.writeOut() }
  }

  // MARK: Looking up

  /// A kept question near to one that is asked, and where its answer lies.
  struct Near: Sendable {
    let id: UInt64
    let answer: Digest
  }

  /// How a look-up ended.
  enum LookUp: Sendable {
    /// What the rule says, and what lies near, the nearest first.
    case judged(Verifier.Verdict, [Near])
    /// As many look-ups as may wait do.
    case busy
    case late
    case cancelled(Cancellation.Reason)
  }

  /// Judges what lies near a question.
  ///
  /// Runs on the exchange's loop and returns there, by `deadline` on the monotonic clock.
  func lookUp(
    _ meaning: Meaning,
    _ key: SemanticKey,
    by verifier: Verifier,
    for product: ProductMemory,
    until deadline: Int64,
    in world: any World,
    unless cancellation: Cancellation
  ) async -> LookUp {
    let waiter = OneShot<LookUp>()
    let moment = world.now
    let isTaken = indexing.start { [index] in
      // Nobody waits any more.
      guard !waiter.isSent else { return }
      let neighbours = index.nearest(
        to: meaning.vector,
        with: key.facts.digests,
        in: key.context,
        count: verifier.neighbours,
        at: moment
      )
      let (evidence, traffic) = product.learnt(asking: meaning.words, at: moment)
      var verdict = verifier.judge(
        meaning,
        key.facts,
        neighbours,
        evidence: evidence,
        traffic: traffic
      )
      if case .hit(let judgement) = verdict, !product.admits(judgement.score) {
        verdict = .miss(.tightened, judgement)
      }
      waiter.send(
        .judged(verdict, neighbours.same.map { Near(id: $0.id, answer: $0.question.answer) })
      )
    }
    guard isTaken else { return .busy }
    let timer = world.schedule(atMonotonic: deadline) { waiter.send(.late) }
    let link = cancellation.onCancel { waiter.send(.cancelled($0)) }
    let end = await waiter.value()
    timer.withdraw()
    cancellation.remove(link)
    return end
  }

  /// A question's answer was given, so that it is the last to go.
  func touch(_ id: UInt64) { _ = indexing.start { [index] in index.touch(id) } }

  /// A question's answer is gone.
  func remove(_ id: UInt64) { _ = indexing.start { [index] in index.remove(id) } }

  // MARK: Learning

  /// Keeps a question whose answer was stored under `key`, and compares that with what lies near.
  ///
  /// Returns at once; both happen on other threads, or not at all where too much waits.
  func learn(
    _ question: AskedQuestion,
    _ reply: CachedReply,
    under key: Digest,
    in cache: any ReplyCache,
    at moment: Moment
  ) {
    guard reply.body.count <= Bounds.semanticAnswerBytes else { return }
    let (end, overflowed) = moment.wall.addingReportingOverflow(reply.ttlNanoseconds)
    _ = indexing.start { [self] in
      guard let text = ModelReply(reply.body)?.onlyText else { return }
      let id = index.insert(
        KeptQuestion(
          words: KeptWords(question.meaning.words),
          facts: question.key.facts.digests,
          language: question.key.facts.language?.rawValue ?? 0,
          answer: key,
          expiresAt: overflowed ? .max : end
        ),
        meaning: question.meaning.vector,
        in: question.key.context,
        at: moment
      )
      guard let embedder, !question.near.isEmpty else { return }
      let isTaken = learning.start { [self] in
        compare(
          Near(id: id, answer: key),
          text,
          with: question,
          by: embedder,
          in: cache,
          at: moment
        )
      }
      if !isTaken { count("left_out", for: question.product) }
    }
  }

  /// Compares a fresh answer with those of the questions that lay near; the nearest's is read again
  /// if it must be, of the others only those that are remembered count.
  private func compare(
    _ fresh: Near,
    _ text: String,
    with question: AskedQuestion,
    by embedder: any Embedder,
    in cache: any ReplyCache,
    at moment: Moment
  ) {
    guard let sense = sense(of: fresh.answer, text, by: embedder) else {
      return count("failed", for: question.product)
    }
    for (place, near) in question.near.enumerated() where near.answer != fresh.answer {
      var other = senses.withLock { $0[near.answer] }
      if other == nil, place == 0,
        let text = cache.reply(for: near.answer, at: moment).flatMap({ ModelReply($0.body) })?
          .onlyText
      {
        other = self.sense(of: near.answer, text, by: embedder)
      }
      guard let other else { continue }
      let agrees = sense.agrees(with: other)
      index.note(agrees, fresh.id, near.id)
      guard place == 0 else { continue }
      count(agrees ? "agree" : "differ", for: question.product)
      if let candidate = question.candidate {
        question.product.observe(candidate, agrees: agrees, at: moment)
      }
    }
  }

  // MARK: Shadows

  /// Compares what a client was told with a fresh answer, on another thread.
  ///
  /// Neither is remembered; only whether they agree is.
  func judge(
    _ served: String,
    by fresh: String,
    _ hit: Verifier.Judgement,
    for product: ProductMemory,
    at moment: Moment
  ) {
    let isTaken = learning.start { [self] in
      guard let embedder else { return count(.failed, of: product) }
      let agrees: Bool
      do throws(EmbeddingFailure) {
        agrees = try AnswerSense(of: served, by: embedder)
          .agrees(with: AnswerSense(of: fresh, by: embedder))
      } catch {
        // A comparison that cannot be made says nothing of the hit.
        return count(.failed, of: product)
      }
      count(agrees ? .agree : .differ, of: product)
      records.withLock {
        $0.add(
          ShadowRecord(product: product.name, score: hit.score, agrees: agrees, moment: moment)
        )
      }
      guard let tightening = product.observe(hit, isWrong: !agrees) else { return }
      tightened(SemanticTightened(tightening, of: product.name))
    }
    if !isTaken { count(.full, of: product) }
  }

  func count(_ result: ShadowResult, of product: ProductMemory) {
    metrics.semanticShadows[product.name, result.rawValue].increment()
  }

  /// The last comparisons of served answers, the oldest first.
  package var shadows: [ShadowRecord] { records.withLock { $0.all } }

  private func sense(
    of answer: Digest,
    _ text: String,
    by embedder: any Embedder
  ) -> AnswerSense? {
    do throws(EmbeddingFailure) {
      let sense = try AnswerSense(of: text, by: embedder)
      senses.withLock { $0[answer] = sense }
      return sense
    } catch {
      // An answer that cannot be embedded teaches nothing; the comparison is counted as failed.
      return nil
    }
  }

  private func count(_ result: String, for product: ProductMemory) {
    metrics.semanticComparisons[product.name, result].increment()
  }
}

/// A question that was looked up in vain and is kept once its answer is stored.
struct AskedQuestion: Sendable {
  let memory: SemanticMemory
  let product: ProductMemory
  let key: SemanticKey
  let meaning: Meaning
  /// The nearest first.
  let near: [SemanticMemory.Near]
  /// How the nearest compared, if the rule looked at it.
  let candidate: Verifier.Judgement?

  func keep(
    _ reply: CachedReply,
    under key: Digest,
    in cache: any ReplyCache,
    at moment: Moment
  ) {
    memory.learn(self, reply, under: key, in: cache, at: moment)
  }
}

extension SemanticTightened {
  fileprivate init(_ tightening: OperatingPoint.Tightening, of product: String) {
    self.init(
      product: product,
      from: tightening.from,
      to: tightening.to,
      wrong: tightening.estimate.wrong,
      judged: tightening.estimate.judged,
      interval: tightening.estimate.interval
    )
  }
}
