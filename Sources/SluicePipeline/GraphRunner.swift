import SluiceCore
import SluiceTelemetry

/// Walks an exchange through its generation's graph.
package enum GraphRunner {
  /// Takes `exchange` from the entry of `service` to the end of its walk, then ends it.
  ///
  /// Runs on the exchange's loop. Afterwards the exchange has a reply, a refusal, or a stream that
  /// was already sent; every obligation was met once.
  package static func run(_ exchange: Exchange, service: Service) async {
    let graph = exchange.generation.graph
    var next = graph.entries[service]
    while let index = next {
      let node = graph[index]
      let exit =
        switch node.step {
        case .decide(let stage):
          stage.decide(exchange, at: exchange.moment)
        case .wait(let stage):
          await stage.decide(exchange)
        }
      if case .wait = node.step { exchange.moment = exchange.world.now }
      let edge = node.exits[exit.position]
      edge.counter.increment()
      exchange.trail.append(node: index, exit: exit, remark: exchange.takeRemark())
      next = edge.destination
    }
    exchange.end(at: exchange.world.now)
  }
}
