import SluiceCore
import SluiceTelemetry

/// Walks an exchange through its generation's graph.
package enum GraphRunner {
  /// Takes `exchange` from the entry of `service` to the end of its walk, then ends it.
  ///
  /// Runs on the exchange's loop. Afterwards the exchange has a reply, a refusal, or a stream that
  /// was already sent; every obligation was met once.
  package static func run(_ exchange: Exchange, service: Service) async {
    await walk(exchange, from: exchange.generation.graph.entries[service])
  }

  /// Takes `exchange` from a node to the end of its walk, then ends it.
  static func walk(_ exchange: Exchange, from entry: NodeIndex?) async {
    let graph = exchange.generation.graph
    var next = entry
    while let index = next {
      let exit: ExitIndex
      // Only what is needed is read of a node: it is large to copy.
      switch graph.nodes[index.position].step {
      case .decide(let stage):
        exit = stage.decide(exchange, at: exchange.moment)
      case .wait(let stage):
        exit = await stage.decide(exchange)
        exchange.moment = exchange.world.now
      }
      let edge = graph.nodes[index.position].exits[exit.position]
      edge.counter.increment()
      exchange.trail.append(node: index, exit: exit, remark: exchange.takeRemark())
      next = edge.destination
    }
    exchange.end(at: exchange.world.now)
  }
}
