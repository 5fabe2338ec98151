package import SluiceCore
package import SluicePipeline
internal import SluicePolicy

/// Keeps an answer for the next who asks the same, and tells those who wait.
package struct StoreStage: Stage {
  package enum Exit: Int, StageExit {
    case stored
    /// The answer is not one to be kept.
    case keptOut
  }

  package let exits = Exit.names
  private let cache: any ReplyCache

  package init(cache: any ReplyCache) { self.cache = cache }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    guard let pending = exchange.flight as? PendingAnswer else {
      exchange.explain("not looked up, hence not kept")
      return Exit.keptOut.index
    }
    guard let answer = exchange.answer, answer.isComplete else {
      exchange.explain("not a whole answer")
      return Exit.keptOut.index
    }
    guard let model = exchange.answeredBy else { return Exit.keptOut.index }
    guard model == exchange.primary || pending.rules.storesFallbacks else {
      exchange.explain("answered by a fallback")
      return Exit.keptOut.index
    }
    let lifetime = ExpirySpread.lifetime(of: pending.key, ttl: pending.rules.ttlNanoseconds)
    let reply = CachedReply(
      body: answer.body,
      product: pending.product,
      tags: pending.tags,
      model: exchange.generation.policy.models[model.position].name,
      storedAt: moment,
      ttlNanoseconds: lifetime,
      staleNanoseconds: pending.rules.staleNanoseconds
    )
    guard cache.store(reply, for: pending.key, epoch: pending.epoch, at: moment) else {
      exchange.explain("too large, or invalidated while it was asked for")
      return Exit.keptOut.index
    }
    pending.land(isStored: true)
    pending.question?.keep(reply, under: pending.key, in: cache, at: moment)
    exchange.explain("for \(lifetime / 1_000_000_000) s")
    return Exit.stored.index
  }
}
