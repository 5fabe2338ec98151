package import SluiceTelemetry

/// The nodes that an exchange passed, the exits that it took, and why.
package struct Trail: Sendable {
  package struct Step: Sendable {
    package let node: NodeIndex
    package let exit: ExitIndex
    /// In words; only kept for exchanges that are explained.
    package let remark: String?
  }

  private var passages: [(node: NodeIndex, exit: ExitIndex)] = []
  /// By the place of their passage: most exchanges have none.
  private var remarks: [Int: String] = [:]

  init() {}

  /// An empty one with room for as many steps as most walks have.
  init(reserving count: Int) { passages.reserveCapacity(count) }

  package var steps: [Step] {
    passages.enumerated()
      .map { Step(node: $1.node, exit: $1.exit, remark: remarks[$0]) }
  }

  mutating func append(node: NodeIndex, exit: ExitIndex, remark: String?) {
    if let remark { remarks[passages.count] = remark }
    passages.append((node, exit))
  }

  /// The trail in one line: `identity:known limit per-user:admitted route:fast …`.
  package func line(in graph: Graph) -> String {
    passages.map { graph[$0.node].passages[$0.exit.position] }.joined(separator: " ")
  }

  /// Appends what `line(in:)` says.
  package func append(to line: inout LogLine, as key: LogKey, in graph: Graph) {
    line.append(key, words: passages.count) { place in
      let (node, exit) = passages[place]
      return graph.nodes[node.position].words[exit.position]
    }
  }
}
