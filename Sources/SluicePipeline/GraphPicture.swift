/// A graph as a picture: in the language of Graphviz, and in that of Mermaid.
///
/// Both are canonical: the same graph gives the same bytes. Exits of a node that lead to the same
/// place are one edge; those that end the walk stand in the node. What belongs to a target, and in it
/// to a candidate, stands in a box of its own; a node says its settings where they are new, and its
/// place in a tooltip (Graphviz) or a comment (Mermaid). Colours are legible on white and on black.
struct GraphPicture {
  private let graph: Graph
  private let root: Box
  private let labels: [[String]]

  /// A grey that is legible on white and on black, for what stands outside of nodes.
  private static let grey = "#767676"
  /// Settings longer than this are cut; the tooltip has them whole.
  private static let labelWidth = 44

  init(_ graph: Graph) {
    self.graph = graph
    root = Box(graph)
    var seen: Set<String> = []
    labels = graph.nodes.map { node in
      let path = Self.path(of: node)
      var title = node.name
      for name in path { title = Self.without(name, in: title) }
      var lines = [title]
      if !node.summary.isEmpty, seen.insert("\(node.kind) \(node.summary)").inserted {
        lines += Self.wrapped(node.summary)
      }
      let ends = node.exits.filter { $0.destination == nil }.map(\.name)
      if !ends.isEmpty { lines.append("ends: " + ends.joined(separator: ", ")) }
      return lines
    }
  }

  /// The names of exits, by where they lead; nil for the end.
  private func ways(from node: Node) -> [(destination: NodeIndex, names: [String])] {
    var ways: [(destination: NodeIndex, names: [String])] = []
    for exit in node.exits {
      guard let destination = exit.destination else { continue }
      if let index = ways.firstIndex(where: { $0.destination == destination }) {
        ways[index].names.append(exit.name)
      } else {
        ways.append((destination, [exit.name]))
      }
    }
    return ways
  }

  /// Whether a way leads to where an exchange goes that nobody answered.
  private func isWayOut(_ destination: NodeIndex) -> Bool {
    switch graph[destination].kind {
    case .stale, .lookup, .refuse: true
    default: false
    }
  }
}

// Boxes.
extension GraphPicture {
  /// The nodes of a target, or of a candidate in it, in the order of the pipeline.
  private struct Box {
    var name = ""
    var nodes: [Int] = []
    var boxes: [Box] = []

    init(_ graph: Graph) {
      for (position, node) in graph.nodes.enumerated() {
        insert(position, GraphPicture.path(of: node)[...])
      }
    }

    private init(name: String) { self.name = name }

    private mutating func insert(_ position: Int, _ path: ArraySlice<String>) {
      guard let first = path.first else { return nodes.append(position) }
      let index =
        boxes.firstIndex { $0.name == first }
        ?? {
          boxes.append(Box(name: first))
          return boxes.count - 1
        }()
      boxes[index].insert(position, path.dropFirst())
    }
  }

  /// The target, and the model, that a node's name tells: `breaker fast/small try 2`.
  fileprivate static func path(of node: Node) -> [String] {
    switch node.kind {
    case .cache, .semantic:
      return [String(node.name.drop { $0 != " " }.dropFirst())].filter { !$0.isEmpty }
    case .limit:
      let start = "limit tokens "
      return node.name.hasPrefix(start) ? [String(node.name.dropFirst(start.count))] : []
    case .breaker, .hold, .attempt, .retry:
      let words = node.name.drop { $0 != " " }.dropFirst()
      let end = words.firstRange(of: " try ")?.lowerBound ?? words.endIndex
      let place = words[..<end]
      guard let slash = place.firstIndex(of: "/") else { return [String(place)] }
      return [String(place[..<slash]), String(place[place.index(after: slash)...])]
    case .identity, .switches, .request, .count, .models, .route, .settle, .store, .stale, .lookup,
      .refuse:
      return []
    }
  }

  /// A title without what the box around it says.
  private static func without(_ name: String, in title: String) -> String {
    for part in [" \(name)/", " \(name)", name] {
      if let range = title.firstRange(of: part) {
        let gap = part.hasSuffix("/") ? " " : ""
        return String(title[..<range.lowerBound]) + gap + String(title[range.upperBound...])
      }
    }
    return title
  }

  /// Settings over lines, of which there are at most three.
  private static func wrapped(_ text: String) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if let last = lines.last, !last.isEmpty, last.count + 1 + word.count > labelWidth {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
      }
    }
    guard lines.count > 3 else { return lines }
    return lines.prefix(2) + [lines[2] + " …"]
  }
}

// Graphviz.
extension GraphPicture {
  var dot: String {
    var lines = [
      "digraph sluice {",
      "  graph [rankdir=TB, newrank=true, bgcolor=transparent, fontname=\"sans-serif\", fontsize=11,"
        + " fontcolor=\"\(Self.grey)\", color=\"\(Self.grey)\", style=rounded, nodesep=0.3,"
        + " ranksep=0.35];",
      "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f2f4f8\", color=\"\(Self.grey)\","
        + " fontcolor=\"#1a1a1a\", fontname=\"sans-serif\", fontsize=11, margin=\"0.12,0.06\"];",
      "  edge [color=\"\(Self.grey)\", fontcolor=\"\(Self.grey)\", fontname=\"sans-serif\","
        + " fontsize=9, arrowsize=0.7];",
    ]
    for service in Service.allCases {
      guard let entry = graph.entries[service] else { continue }
      lines.append(
        "  \(service.rawValue) [shape=plaintext, style=\"\", fontcolor=\"\(Self.grey)\"];"
      )
      lines.append("  \(service.rawValue) -> n\(entry.position);")
    }
    if !graph.backgroundStarts.isEmpty {
      lines.append(
        "  background [shape=plaintext, style=\"\", fontcolor=\"\(Self.grey)\"];"
      )
      for entry in graph.backgroundStarts {
        lines.append("  background -> n\(entry.position) [style=dashed];")
      }
    }
    var boxes = 0
    dot(root, "  ", &boxes, &lines)
    for (position, node) in graph.nodes.enumerated() {
      for way in ways(from: node) {
        let label = Self.escaped(way.names.joined(separator: "\n"))
        let look = isWayOut(way.destination) ? ", style=dashed" : ""
        lines.append(
          "  n\(position) -> n\(way.destination.position) [label=\"\(label)\"\(look)];"
        )
      }
    }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private func dot(_ box: Box, _ indentation: String, _ boxes: inout Int, _ lines: inout [String]) {
    for position in box.nodes {
      let node = graph.nodes[position]
      let label = labels[position].map(Self.escaped).joined(separator: "\\n")
      let tooltip = [node.name, node.summary, "\(node.place)"].filter { !$0.isEmpty }
        .map(Self.escaped).joined(separator: "\\n")
      let fill = Self.fill(of: node.kind).map { ", fillcolor=\"\($0)\"" } ?? ""
      lines.append(
        "\(indentation)n\(position) [label=\"\(label)\", tooltip=\"\(tooltip)\"\(fill)];"
      )
    }
    for inner in box.boxes {
      lines.append("\(indentation)subgraph cluster\(boxes) {")
      boxes += 1
      lines.append("\(indentation)  label=\"\(Self.escaped(inner.name))\";")
      dot(inner, indentation + "  ", &boxes, &lines)
      lines.append("\(indentation)}")
    }
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

  /// Where money is spent, where an answer is kept, where a request may be refused.
  private static func fill(of kind: Node.Kind) -> String? {
    switch kind {
    case .attempt: "#d9ecd9"
    case .cache, .semantic, .store, .stale, .lookup: "#dce9f7"
    case .switches, .limit, .breaker, .hold, .refuse: "#f8e6d4"
    case .identity, .request, .count, .models, .route, .retry, .settle: nil
    }
  }
}

// Mermaid.
extension GraphPicture {
  var mermaid: String {
    var lines = ["flowchart TB"]
    for service in Service.allCases {
      guard let entry = graph.entries[service] else { continue }
      lines.append("  \(service.rawValue)([\(service.rawValue)]) --> n\(entry.position)")
    }
    for entry in graph.backgroundStarts {
      lines.append("  background([background]) -.-> n\(entry.position)")
    }
    var boxes = 0
    mermaid(root, "  ", &boxes, &lines)
    for (position, node) in graph.nodes.enumerated() {
      for way in ways(from: node) {
        let arrow = isWayOut(way.destination) ? "-.->" : "-->"
        let label = Self.entities(way.names.joined(separator: ", "))
        lines.append("  n\(position) \(arrow)|\"\(label)\"| n\(way.destination.position)")
      }
    }
    lines.append("  classDef default fill:#f2f4f8,stroke:\(Self.grey),color:#1a1a1a")
    var kinds: [(String, [Int])] = []
    for (position, node) in graph.nodes.enumerated() {
      guard let fill = Self.fill(of: node.kind) else { continue }
      if let index = kinds.firstIndex(where: { $0.0 == fill }) {
        kinds[index].1.append(position)
      } else {
        kinds.append((fill, [position]))
      }
    }
    for (index, (fill, positions)) in kinds.enumerated() {
      lines.append("  classDef c\(index) fill:\(fill),stroke:\(Self.grey),color:#1a1a1a")
      let names = positions.map { "n\($0)" }.joined(separator: ",")
      lines.append("  class \(names) c\(index)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func mermaid(
    _ box: Box,
    _ indentation: String,
    _ boxes: inout Int,
    _ lines: inout [String]
  ) {
    for position in box.nodes {
      let label = labels[position].map(Self.entities).joined(separator: "<br/>")
      lines.append("\(indentation)%% \(graph.nodes[position].place)")
      lines.append("\(indentation)n\(position)[\"\(label)\"]")
    }
    for inner in box.boxes {
      lines.append("\(indentation)subgraph b\(boxes)[\"\(Self.entities(inner.name))\"]")
      boxes += 1
      mermaid(inner, indentation + "  ", &boxes, &lines)
      lines.append("\(indentation)end")
    }
  }

  /// Mermaid takes marks of its own out of labels, unless they are written as entities.
  private static func entities(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { output, scalar in
      switch scalar {
      case "\"", "#", "&", "<", ">", ";", "`", "\\", "|": output += "#\(scalar.value);"
      case "\n": output += " "
      default: output.unicodeScalars.append(scalar)
      }
    }
  }
}
