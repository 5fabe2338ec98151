package import SluiceCore
import SluiceDialects
package import SluicePipeline
import SluicePolicy

/// Refuses what a thrown kill switch stops, before anything is counted or read.
///
/// Knows who asks, not yet what for: switches that need the candidate are asked at its hold. Also
/// where an exchange becomes known as running, so that a person can cut it.
package struct SwitchStage: Stage {
  package enum Exit: Int, StageExit {
    /// Nothing stops it.
    case clear
    /// It may be answered from the cache.
    case cacheOnly
    case denied
  }

  package let exits = Exit.names
  private let rules: SwitchRules

  package init(rules: SwitchRules) { self.rules = rules }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    if !exchange.isTraced {
      let running = RunningExchange(caller: exchange.caller, cancellation: exchange.cancellation)
      exchange.running = running
      // Before the switches are asked: whoever throws one now finds either it, or the switch.
      rules.table.enter(running)
      exchange.atEnd(Leaving(running: running, table: rules.table))
    }
    guard let thrown = rules.early(exchange, at: moment) else {
      exchange.explain("no kill switch is on")
      return Exit.clear.index
    }
    exchange.thrown = thrown
    exchange.explain(thrown.words)
    switch thrown.action {
    case .cacheOnly: return Exit.cacheOnly.index
    case .deny:
      exchange.refuse(.insufficientQuota(reason: thrown.words))
      return Exit.denied.index
    }
  }

  private struct Leaving: Obligation {
    let running: RunningExchange
    let table: SwitchTable
    func finish(_ exchange: Exchange, at moment: Moment) { table.leave(running) }
  }
}
