package import SluiceCore
package import SluicePolicy
package import SluiceTelemetry

/// The place of a node in its graph.
package struct NodeIndex: Hashable, Sendable {
  package let position: Int
  package init(_ position: Int) { self.position = position }
}

/// An executable pipeline: what a policy was compiled to.
///
/// The graph is the program. What `sluice graph` draws is this value; a trail is a walk in that
/// picture. Exits lead only to nodes of a higher place, so every walk ends.
package struct Graph: Sendable {
  package let nodes: [Node]
  /// Where an exchange of each service starts.
  package let entries: [Service: NodeIndex]
  /// Where exchanges without a client start, by the name of the node.
  package let backgroundEntries: [String: NodeIndex]
  /// `entries` by the place of their service, which every request reads.
  private let starts: [NodeIndex?]

  package init(
    nodes: [Node],
    entries: [Service: NodeIndex],
    backgroundEntries: [String: NodeIndex] = [:]
  ) {
    for (position, node) in nodes.enumerated() {
      for exit in node.exits {
        if let destination = exit.destination {
          precondition(
            destination.position > position && destination.position < nodes.count,
            "exit \(exit.name) of \(node.name) leads backwards"
          )
        }
      }
    }
    self.nodes = nodes
    self.entries = entries
    self.backgroundEntries = backgroundEntries
    starts = Service.allCases.map { entries[$0] }
  }

  /// Where an exchange of `service` starts; `nil` where it is not served.
  func start(of service: Service) -> NodeIndex? { starts[service.position] }

  package subscript(index: NodeIndex) -> Node { nodes[index.position] }
}

/// What clients can ask for.
package enum Service: String, Sendable, CaseIterable {
  case chat
  case completions
  case embeddings
  case models

  /// What a model must serve to answer it; `nil` where no model is asked.
  package var asked: ModelSettings.Service? {
    switch self {
    case .chat: .chat
    case .completions: .completions
    case .embeddings: .embeddings
    case .models: nil
    }
  }

  /// Its place in `allCases`.
  var position: Int {
    switch self {
    case .chat: 0
    case .completions: 1
    case .embeddings: 2
    case .models: 3
    }
  }
}

/// A step of the graph.
///
/// A class, so that a walk that reads it copies nothing.
package final class Node: Sendable {
  /// What a node is, for people and metrics.
  ///
  /// The order of the cases is the order of the pipeline.
  package enum Kind: String, Sendable, CaseIterable {
    case identity, switches, request, count, models, limit, route, cache, semantic, breaker, hold,
      attempt, retry, settle,
      store,
      stale, lookup, refuse
  }

  enum Step: Sendable {
    case decide(any Stage)
    case wait(any WaitingStage)

    /// The names of the stage's exits, in the order of their indices.
    var exits: [String] {
      switch self {
      case .decide(let stage): stage.exits
      case .wait(let stage): stage.exits
      }
    }
  }

  package let kind: Kind
  /// Unique in the graph: `limit per-user`.
  package let name: String
  /// The settings in a line, for people: `100/m by user.id`.
  package let summary: String
  package let place: SourcePlace
  let step: Step
  package let exits: [Exit]
  /// What a trail says of each exit: `limit per-user:admitted`.
  package let passages: [String]
  /// The same as the log writes them.
  let words: [LogWord]

  init(
    kind: Kind,
    name: String,
    summary: String,
    place: SourcePlace,
    step: Step,
    exits: [Exit]
  ) {
    precondition(step.exits == exits.map(\.name), "\(name) is wired with \(exits.map(\.name))")
    self.kind = kind
    self.name = name
    self.summary = summary
    self.place = place
    self.step = step
    self.exits = exits
    passages = exits.map { "\(name):\($0.name)" }
    words = passages.map { LogWord($0) }
  }
}

/// A named edge that leaves a node.
package struct Exit: Sendable {
  package let name: String
  /// `nil`: the walk ends here.
  package let destination: NodeIndex?
  /// Exchanges that took this exit.
  package let counter: Counter

  package init(name: String, destination: NodeIndex?, counter: Counter) {
    self.name = name
    self.destination = destination
    self.counter = counter
  }
}

extension Graph {
  /// Where exchanges without a client begin, in the order of the pipeline.
  var backgroundStarts: [NodeIndex] {
    backgroundEntries.values.sorted { $0.position < $1.position }
  }
}
