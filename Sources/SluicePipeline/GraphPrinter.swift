/// Prints a graph in the forms that people read.
///
/// All are canonical: the same graph gives the same bytes.
package struct GraphPrinter {
  private let graph: Graph

  package init(_ graph: Graph) { self.graph = graph }

  /// One paragraph a node, in the order of the pipeline: its settings, its place, its exits.
  package var text: String {
    var lines: [String] = []
    for service in Service.allCases {
      guard let entry = graph.entries[service] else { continue }
      lines.append("\(service.rawValue) starts at \(graph[entry].name)")
    }
    for entry in graph.backgroundStarts {
      lines.append("what nobody waits for starts at \(graph[entry].name)")
    }
    lines.append("")
    for node in graph.nodes {
      lines.append(node.summary.isEmpty ? node.name : "\(node.name): \(node.summary)")
      lines.append("  from \(node.place)")
      let width = node.exits.map(\.name.count).max() ?? 0
      for exit in node.exits {
        let name = exit.name + String(repeating: " ", count: width - exit.name.count)
        lines.append("  \(name) -> \(exit.destination.map { graph[$0].name } ?? "end")")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  /// The graph in the DOT language of Graphviz.
  package var dot: String { GraphPicture(graph).dot }

  /// The graph as a flowchart of Mermaid.
  package var mermaid: String { GraphPicture(graph).mermaid }
}
