package import SluiceCore
package import SluiceTelemetry

/// Puts a graph together from nodes that name each other.
///
/// Nodes are added in the order of the pipeline; an exit may only name a node that is added later.
package struct GraphBuilder {
  private struct Draft {
    var kind: Node.Kind
    var name: String
    var summary: String
    var place: SourcePlace
    var step: Node.Step
    var exits: [String: String?]
  }

  private var drafts: [Draft] = []
  private var entries: [Service: String] = [:]
  private var backgroundEntries: [String] = []

  package init() {}

  /// Adds a node that is decided from memory.
  ///
  /// `exits` says where each exit of the stage leads; `nil` ends the walk. All must be named.
  package mutating func add(
    _ kind: Node.Kind,
    _ name: String,
    summary: String = "",
    place: SourcePlace,
    stage: some Stage,
    exits: [String: String?]
  ) {
    drafts.append(
      Draft(
        kind: kind,
        name: name,
        summary: summary,
        place: place,
        step: .decide(stage),
        exits: exits
      )
    )
  }

  /// Adds a node that must wait.
  package mutating func add(
    _ kind: Node.Kind,
    _ name: String,
    summary: String = "",
    place: SourcePlace,
    waiting stage: some WaitingStage,
    exits: [String: String?]
  ) {
    drafts.append(
      Draft(
        kind: kind,
        name: name,
        summary: summary,
        place: place,
        step: .wait(stage),
        exits: exits
      )
    )
  }

  /// Has exchanges of `service` start at the node called `name`.
  package mutating func enter(_ service: Service, at name: String) { entries[service] = name }

  /// Has exchanges without a client start at the node called `name`.
  package mutating func enterBackground(at name: String) { backgroundEntries.append(name) }

  /// The graph.
  ///
  /// `counter` gives the counter of an exit, by the names of node and exit: the same one for the same
  /// names, so that counts survive a reload.
  package func build(counter: (_ node: String, _ exit: String) -> Counter) -> Graph {
    var places: [String: NodeIndex] = [:]
    for (position, draft) in drafts.enumerated() {
      let earlier = places.updateValue(NodeIndex(position), forKey: draft.name)
      precondition(earlier == nil, "two nodes are called \(draft.name)")
    }
    func place(of name: String) -> NodeIndex {
      guard let place = places[name] else { preconditionFailure("no node is called \(name)") }
      return place
    }
    let nodes = drafts.map { draft in
      Node(
        kind: draft.kind,
        name: draft.name,
        summary: draft.summary,
        place: draft.place,
        step: draft.step,
        exits: draft.step.exits.map { name in
          guard let destination = draft.exits[name] else {
            preconditionFailure("exit \(name) of \(draft.name) leads nowhere")
          }
          return Exit(
            name: name,
            destination: destination.map(place(of:)),
            counter: counter(draft.name, name)
          )
        }
      )
    }
    return Graph(
      nodes: nodes,
      entries: entries.mapValues(place(of:)),
      backgroundEntries: Dictionary(
        uniqueKeysWithValues: backgroundEntries.map { ($0, place(of: $0)) }
      )
    )
  }
}
