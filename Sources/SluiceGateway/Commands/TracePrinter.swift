import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy

/// Prints the trail of a traced exchange for people.
///
/// A step takes two lines or three: the node and its exit, why, and the place in the files that
/// decided.
enum TracePrinter {
  static func text(of exchange: Exchange) -> String {
    let graph = exchange.generation.graph
    var lines: [String] = []
    // Nobody was asked: what would come after an answer depends on it.
    let asked = exchange.trail.steps.firstIndex { step in
      graph[step.node].kind == .attempt
        && graph[step.node].exits[step.exit.position].name == "answered"
    }
    let steps = exchange.trail.steps.prefix((asked ?? .max - 1) + 1)
    let width = steps.map { graph[$0.node].name.count }.max() ?? 0
    for step in steps {
      let node = graph[step.node]
      let name = node.name + String(repeating: " ", count: width - node.name.count)
      lines.append("\(name)  \(node.exits[step.exit.position].name)")
      if let remark = step.remark { lines.append("    \(remark)") }
      let place = place(of: node, exchange)
      if place != .builtIn, step.remark?.contains("\(place)") != true {
        lines.append("    at \(place)")
      }
    }
    lines.append("")
    lines.append(outcome(of: exchange))
    return lines.joined(separator: "\n") + "\n"
  }

  /// The route that was taken decides, rather than the list that it stands in.
  private static func place(of node: Node, _ exchange: Exchange) -> SourcePlace {
    guard node.kind == .route, let route = exchange.route else { return node.place }
    return exchange.policy.routes[route].place
  }

  private static func outcome(of exchange: Exchange) -> String {
    switch exchange.outcome {
    case .refused(let error):
      let code = error.code.map { " \($0)" } ?? ""
      return "refused: \(error.status)\(code): \(error.message)"
    case .reply(let reply): return "answered: \(reply.status)"
    case .streamed, .cut, .abandoned, .pending:
      guard let model = exchange.answeredBy else { return "nobody would be asked" }
      let route = exchange.route.map { exchange.policy.routes[$0].name } ?? ""
      return
        "would be answered by \(exchange.policy[model].name): route \(route), target "
        + "\(exchange.target), cache \(exchange.cacheOutcome.rawValue)"
    }
  }
}
