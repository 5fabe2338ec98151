package import SluiceCore
import SluiceDialects
package import SluicePipeline

/// Answers from the cache alone, where no money may be spent: with what is fresh, else with what may
/// be served stale.
package struct LookupStage: Stage {
  package enum Exit: Int, StageExit {
    case exact
    case stale
    /// Nothing is kept; the client hears why nothing is asked.
    case refused
  }

  package let exits = Exit.names
  private let cache: any ReplyCache

  package init(cache: any ReplyCache) { self.cache = cache }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if exchange.purpose == nil, let asked = exchange.facts.asked, let key = exchange.cacheKey {
      if let reply = cache.reply(for: key, at: moment) {
        exchange.answer(asked, from: reply, as: .exact, at: moment)
        return Exit.exact.index
      }
      if let reply = cache.staleReply(for: key, at: moment) {
        exchange.answer(asked, from: reply, as: .stale, at: moment)
        return Exit.stale.index
      }
    }
    exchange.explain("nothing is kept that could be served")
    exchange.refuse(exchange.shortage ?? .insufficientQuota(reason: "spending is stopped"))
    return Exit.refused.index
  }
}
