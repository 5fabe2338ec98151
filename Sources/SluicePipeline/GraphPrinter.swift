/// Prints a graph in the forms that people read.
///
/// Both are canonical: the same graph gives the same bytes.
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
    for (_, entry) in backgroundEntries {
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
  package var dot: String {
    var lines = [
      "digraph sluice {",
      "  rankdir=TB;",
      "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];",
      "  edge [fontname=\"sans-serif\", fontsize=9];",
      "  end [shape=circle, label=\"\", width=0.15, style=filled, fillcolor=black];",
    ]
    for service in Service.allCases {
      guard let entry = graph.entries[service] else { continue }
      lines.append("  \(service.rawValue) [shape=plaintext, style=\"\"];")
      lines.append("  \(service.rawValue) -> n\(entry.position);")
    }
    if !backgroundEntries.isEmpty {
      lines.append("  background [shape=plaintext, style=\"\"];")
      for (_, entry) in backgroundEntries {
        lines.append("  background -> n\(entry.position) [style=dashed];")
      }
    }
    for (position, node) in graph.nodes.enumerated() {
      let label = [node.name, node.summary, "\(node.place)"].filter { !$0.isEmpty }
        .map(Self.escaped).joined(separator: "\\n")
      lines.append("  n\(position) [label=\"\(label)\"];")
      for exit in node.exits {
        let destination = exit.destination.map { "n\($0.position)" } ?? "end"
        lines.append("  n\(position) -> \(destination) [label=\"\(Self.escaped(exit.name))\"];")
      }
    }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private var backgroundEntries: [(key: String, value: NodeIndex)] {
    graph.backgroundEntries.sorted { $0.value.position < $1.value.position }
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { output, character in
      switch character {
      case "\"", "\\": output += "\\\(character)"
      case "\n": output += "\\n"
      default: output.append(character)
      }
    }
  }
}
