package import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluicePolicy

/// Answers with what was right a while ago, when nothing else answers.
///
/// Only what the policy allows: an answer whose TTL passed no longer ago than `stale_if_error`, in
/// the same scope, and never one that was invalidated. The reply says so in `X-Sluice-Cache`.
package struct StaleStage: Stage {
  package enum Exit: Int, StageExit { case served, none }

  package let exits = Exit.names
  private let cache: any ReplyCache

  package init(cache: any ReplyCache) { self.cache = cache }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if case .abandoned = exchange.outcome { return Exit.none.index }
    guard exchange.purpose == nil else {
      exchange.explain("nobody waits")
      return Exit.none.index
    }
    if let reason = exchange.failure?.reason, reason == .clientLeft || reason == .draining {
      return Exit.none.index
    }
    if let thrown = exchange.thrown, thrown.action == .deny {
      exchange.explain(thrown.words)
      return Exit.none.index
    }
    guard let asked = exchange.facts.asked, let key = exchange.cacheKey,
      let reply = cache.staleReply(for: key, at: moment)
    else {
      exchange.explain("nothing is kept that could be served stale")
      return Exit.none.index
    }
    exchange.answer(asked, from: reply, as: .stale, at: moment)
    return Exit.served.index
  }
}
