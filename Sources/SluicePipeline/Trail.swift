/// The nodes that an exchange passed, the exits that it took, and why.
package struct Trail: Sendable {
  package struct Step: Sendable {
    package let node: NodeIndex
    package let exit: ExitIndex
    /// In words; only kept for exchanges that are explained.
    package let remark: String?
  }

  package private(set) var steps: [Step] = []

  package init() { steps.reserveCapacity(12) }

  package mutating func append(node: NodeIndex, exit: ExitIndex, remark: String?) {
    steps.append(Step(node: node, exit: exit, remark: remark))
  }

  /// The trail in one line: `identity:known limit per-user:admitted route:fast …`.
  package func line(in graph: Graph) -> String {
    var line = ""
    line.reserveCapacity(32 * steps.count)
    for step in steps {
      if !line.isEmpty { line += " " }
      line += graph[step.node].passages[step.exit.position]
    }
    return line
  }
}
