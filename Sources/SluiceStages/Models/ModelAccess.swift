package import SluicePipeline
package import SluicePolicy

/// What a tier may reach, what a client of that tier may name, and which models can serve what.
///
/// A pure look-up, made once a generation.
package struct ModelAccess: Sendable {
  /// By tier, for each model; a tier that is not here may reach every model.
  private let allowed: [String: [Bool]]
  private let models: [Model]
  private let goals: [String: RouteTable.Goal]
  /// By target.
  private let candidates: [[ModelIndex]]

  /// What decides whether a model can serve a request.
  private struct Model: Sendable {
    var name: String
    var context: Int
    var hasChat: Bool
    var hasCompletions: Bool
    var hasEmbeddings: Bool

    init(_ settings: ModelSettings) {
      name = settings.name
      context = settings.context
      hasChat = settings.serves.contains(.chat)
      hasCompletions = settings.serves.contains(.completions)
      hasEmbeddings = settings.serves.contains(.embeddings)
    }

    func serves(_ service: ModelSettings.Service) -> Bool {
      switch service {
      case .chat: hasChat
      case .completions: hasCompletions
      case .embeddings: hasEmbeddings
      }
    }
  }

  /// What can be named, sorted.
  private let listed: [(name: String, goal: RouteTable.Goal)]

  package init(_ policy: Policy) {
    allowed = Dictionary(
      uniqueKeysWithValues: policy.tiers.compactMap { tier in
        tier.models.map { models in
          (tier.name, policy.models.indices.map { models.contains(ModelIndex($0)) })
        }
      }
    )
    models = policy.models.map { Model($0) }
    var goals: [String: RouteTable.Goal] = [:]
    for position in policy.models.indices {
      goals[policy.models[position].name] = .model(ModelIndex(position))
    }
    for position in policy.targets.indices {
      goals[policy.targets[position].name] = .target(TargetIndex(position))
    }
    self.goals = goals
    candidates = policy.targets.indices.map { policy.candidates(of: TargetIndex($0)) }
    listed = goals.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The tiers that may not reach every model.
  var restrictedTiers: [String] { allowed.keys.sorted() }

  /// Whether `tier` may reach `model`.
  package func allows(_ model: ModelIndex, tier: String) -> Bool {
    // Most policies restrict no tier.
    allowed.isEmpty || allowed[tier]?[model.position] ?? true
  }

  /// What a client means by `name`; `nil` if nothing is called so.
  package func goal(named name: String) -> RouteTable.Goal? { goals[name] }

  /// The first model of `goal` that `tier` may reach, and that serves `service` if it is given.
  package func primary(
    of goal: RouteTable.Goal,
    tier: String,
    for service: ModelSettings.Service? = nil
  ) -> ModelIndex? {
    let allowed = allowed[tier]
    func fits(_ model: ModelIndex) -> Bool {
      allowed?[model.position] ?? true && service.map { serves(model, $0) } ?? true
    }
    switch goal {
    case .model(let model): return fits(model) ? model : nil
    case .target(let target):
      for model in candidates[target.position] where fits(model) { return model }
      return nil
    }
  }

  private func serves(_ model: ModelIndex, _ service: ModelSettings.Service) -> Bool {
    models[model.position].serves(service)
  }

  /// Whether a candidate is to be passed by: it is out of the tier's reach, it does not serve the
  /// path, or its context does not hold the request and a token of an answer.
  ///
  /// Notes on the exchange why.
  package func skips(_ model: ModelIndex, in exchange: Exchange) -> Bool {
    let tier = exchange.caller.tier
    guard allows(model, tier: tier) else {
      exchange.explain("tier \(tier) may not reach \(models[model.position].name)")
      return true
    }
    guard let service = exchange.request.service.asked else { return false }
    guard serves(model, service) else {
      exchange.explain("\(models[model.position].name) does not serve \(service.rawValue)")
      return true
    }
    let context = models[model.position].context
    // Each input of a list is read by itself; an embedding leaves no room for an answer.
    guard exchange.facts.inputs(areBelow: service == .embeddings ? context + 1 : context) else {
      exchange.exceededContext = max(exchange.exceededContext ?? 0, context)
      exchange.explain("the \(context) tokens of \(models[model.position].name) do not hold it")
      return true
    }
    return false
  }

  /// The names that a client of `tier` may use, sorted.
  package func names(for tier: String) -> [String] {
    listed.filter { primary(of: $0.goal, tier: tier) != nil }.map(\.name)
  }
}

extension Policy {
  /// The models that `target` may lead to, in its order; of a split, those of all its shares.
  package func candidates(of target: TargetIndex) -> [ModelIndex] {
    switch self[target].kind {
    case .candidates(let models): models
    case .split(let shares, _): shares.flatMap { candidates(of: $0.target) }
    }
  }

  /// The models that `goal` may lead to, in its order.
  package func models(of goal: RouteTable.Goal) -> [ModelIndex] {
    switch goal {
    case .target(let target): candidates(of: target)
    case .model(let model): [model]
    }
  }

  /// The name by which clients and trails know a goal.
  package func name(of goal: RouteTable.Goal) -> String {
    switch goal {
    case .target(let target): self[target].name
    case .model(let model): self[model].name
    }
  }
}
