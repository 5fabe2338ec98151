internal import Synchronization
package import SluiceExpressions
package import SluicePolicy
package import SluiceTelemetry

/// One loaded policy: numbered, hashed, immutable.
package final class Generation: Sendable {
  /// From 1, growing by one with each publication, rollbacks included.
  package let number: UInt64
  /// The SHA-256 of the bundle's files, names included: 64 hexadecimal digits.
  package let hash: String
  package let policy: Policy
  package let graph: Graph
  /// The programs of `Policy.features`, in its order.
  package let features: [Program]
  /// What expressions read of the gateway's state.
  package let states: any StateReads
  /// Counts prompts; `nil` if the policy asks for no count.
  package let tokens: PromptCount?
  /// What exchanges are counted in.
  package let meters: PolicyMeters
  /// What their lines of the log say.
  package let words: PolicyWords
  let fixedFields: FixedFields
  private let models: [String: ModelIndex]

  package init(
    number: UInt64,
    hash: String,
    policy: Policy,
    graph: Graph,
    features: [Program],
    states: any StateReads = NoStates(),
    tokens: PromptCount? = nil,
    metrics: MetricsRegistry = MetricsRegistry()
  ) {
    self.number = number
    self.hash = hash
    self.policy = policy
    self.graph = graph
    self.features = features
    self.states = states
    self.tokens = tokens
    meters = PolicyMeters(policy, in: metrics)
    words = PolicyWords(policy, generation: number)
    fixedFields = FixedFields(policy, generation: number)
    models = Dictionary(
      policy.models.enumerated().map { ($0.element.name, ModelIndex($0.offset)) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The model of that name, as a kept answer tells it.
  package func model(named name: String) -> ModelIndex? { models[name] }

  /// Slots of an exchange's frame.
  package var frameSlots: Int { PolicyVariable.slot(ofFeature: features.count) }
}

/// The generation that new exchanges get.
///
/// An exchange reads it once, when its request is complete, and keeps what it read to its last
/// byte; reference counting retires old generations. One read costs about 10 ns.
package final class GenerationCell: Sendable {
  private let live: Mutex<Generation>

  package init(_ first: Generation) { live = Mutex(first) }

  package var generation: Generation { live.withLock { $0 } }

  package func publish(_ next: Generation) {
    live.withLock { current in
      precondition(next.number > current.number, "generations only grow")
      current = next
    }
  }
}
