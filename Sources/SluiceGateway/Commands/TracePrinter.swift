import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceJSON
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
    let steps = steps(of: exchange)
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

  private static func steps(of exchange: Exchange) -> ArraySlice<Trail.Step> {
    let graph = exchange.generation.graph
    // Nobody was asked: what would come after an answer depends on it.
    let asked = exchange.trail.steps.firstIndex { step in
      graph[step.node].kind == .attempt
        && graph[step.node].exits[step.exit.position].name == "answered"
    }
    return exchange.trail.steps.prefix((asked ?? .max - 1) + 1)
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

// For programs.
extension TracePrinter {
  /// The trail, what it was decided by, and the outcome, as one line of JSON.
  ///
  /// `facts` are the variables and features that some expression asked for, by their names; those
  /// that have no JSON of their own are CEL text.
  static func json(of exchange: Exchange) -> String {
    let graph = exchange.generation.graph
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("trail")
    writer.beginArray()
    for step in steps(of: exchange) {
      let node = graph[step.node]
      writer.beginObject()
      writer.member("node", node.name)
      writer.member("kind", node.kind.rawValue)
      writer.member("exit", node.exits[step.exit.position].name)
      writer.key("why")
      if let remark = step.remark { writer.string(remark) } else { writer.null() }
      writer.key("place")
      write(place(of: node, exchange), &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.key("facts")
    writer.beginObject()
    for variable in PolicyVariable.allCases {
      write(variable.name, variable.slot, of: exchange, &writer)
    }
    for (position, feature) in exchange.policy.features.enumerated() {
      let slot = PolicyVariable.allCases.count + position
      write("features.\(feature.name)", slot, of: exchange, &writer)
    }
    writer.endObject()
    writer.key("outcome")
    writeOutcome(of: exchange, &writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }

  private static func write(_ place: SourcePlace, _ writer: inout JSONWriter) {
    guard place != .builtIn else { return writer.null() }
    writer.beginObject()
    writer.member("file", place.file)
    writer.member("line", place.line)
    writer.member("column", place.column)
    writer.endObject()
  }

  private static func write(
    _ name: String,
    _ slot: Int,
    of exchange: Exchange,
    _ writer: inout JSONWriter
  ) {
    guard let value = exchange.frame.knownValue(at: slot) else { return }
    writer.key(name)
    switch value {
    case .null: writer.null()
    case .bool(let value): writer.bool(value)
    case .int(let value): writer.int(value)
    case .uint(let value): writer.int(value)
    case .double(let value): writer.double(value)
    case .string(let value): writer.string(value)
    case .bytes, .list, .map, .timestamp, .duration, .money, .optional, .ip, .cidr, .type:
      writer.string(value.literal)
    }
  }

  private static func writeOutcome(of exchange: Exchange, _ writer: inout JSONWriter) {
    func write(_ name: String, _ value: String?) {
      writer.key(name)
      if let value, !value.isEmpty { writer.string(value) } else { writer.null() }
    }
    let policy = exchange.policy
    writer.beginObject()
    switch exchange.outcome {
    case .refused(let error):
      writer.member("kind", "refused")
      writer.member("status", error.status)
      write("code", error.code)
      writer.member("message", error.message)
    case .reply(let reply):
      writer.member("kind", "answered")
      writer.member("status", reply.status)
    case .streamed, .cut, .abandoned, .pending:
      writer.member("kind", exchange.answeredBy == nil ? "nobody" : "asked")
    }
    write("route", exchange.route.map { policy.routes[$0].name })
    write("target", exchange.target)
    write("model", exchange.answeredBy.map { policy[$0].name })
    write("upstream", exchange.answeredBy.map { policy.upstream(of: $0).name })
    writer.member("cache", exchange.cacheOutcome.rawValue)
    writer.endObject()
  }
}
