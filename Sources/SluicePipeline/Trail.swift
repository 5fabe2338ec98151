/// The nodes that an exchange passed, the exits that it took, and why.
package struct Trail: Sendable {
  package struct Step: Sendable {
    package let node: NodeIndex
    package let exit: ExitIndex
    /// In words; only kept for exchanges that are traced.
    package let remark: String?
  }

  package private(set) var steps: [Step] = []

  package init() {}

  package mutating func append(node: NodeIndex, exit: ExitIndex, remark: String?) {
    steps.append(Step(node: node, exit: exit, remark: remark))
  }

  /// The trail in one line: `identity:known limit per-user:admitted route:fast …`.
  package func line(in graph: Graph) -> String {
    steps.map { step in
      let node = graph[step.node]
      return "\(node.name):\(node.exits[step.exit.position].name)"
    }
    .joined(separator: " ")
  }
}
