import SluiceCore
import SluiceTelemetry

/// Walks an exchange through its generation's graph.
package enum GraphRunner {
  /// Takes `exchange` from the entry of `service` to the end of its walk, then ends it.
  ///
  /// Runs on the exchange's loop. Afterwards the exchange has a reply, a refusal, or a stream that
  /// was already sent; every obligation was met once.
  package static func run(_ exchange: Exchange, service: Service) async {
    await walk(exchange, from: exchange.generation.graph.start(of: service))
  }

  /// Takes `exchange` from a node to the end of its walk, then ends it.
  static func walk(_ exchange: Exchange, from entry: NodeIndex?) async {
    let graph = exchange.generation.graph
    // The walk's own until its end: a place in the exchange would be checked at every step.
    var trail = Trail(reserving: 16)
    var next = entry
    while let index = next {
      let node = graph.nodes[index.position]
      let exit: ExitIndex
      switch node.step {
      case .decide(let stage):
        exit = stage.decide(exchange, at: exchange.moment)
      case .wait(let stage):
        exit = await stage.decide(exchange)
        exchange.moment = exchange.world.now
      }
      node.exits[exit.position].counter.increment()
      trail.append(node: index, exit: exit, remark: exchange.takeRemark())
      next = node.exits[exit.position].destination
    }
    exchange.trail = trail
    exchange.end(at: exchange.world.now)
  }
}
