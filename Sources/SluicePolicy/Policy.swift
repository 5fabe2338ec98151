/// What the files of a bundle say, checked: the waist of Sluice.
///
/// Everything before it may complain to the author; everything after it may assume. Every name in
/// it refers to something that is declared in it, every quantity has its unit, every condition its
/// type, and lists stand in the order in which they decide. Nothing here knows YAML, wording,
/// sockets, clocks or stores; of the files only `SourcePlace`s remain, so that a trail can name
/// the line that decided.
package struct Policy: Sendable {
  package var server: ServerSettings
  package var identity: IdentitySettings
  /// By name.
  package var upstreams: [UpstreamSettings]
  /// By name; an index into this list is a `ModelIndex`.
  package var models: [ModelSettings]
  /// By name.
  package var tiers: [TierSettings]
  /// By name; `features.NAME` is a variable of every phase from request on.
  package var features: [FeatureSettings]
  /// By name; an index into this list is a `TargetIndex`.
  package var targets: [TargetSettings]
  /// In the order in which they are asked.
  package var routes: [RouteSettings]
  /// The places of routes that no request can reach, as far as that was decided.
  package var unreachableRoutes: Set<Int> = []
  /// By name.
  package var products: [ProductSettings]
  /// By product.
  package var evidence: [SemanticEvidence]
  /// In the order of the files, which is the order in which they are asked.
  package var limits: [LimitSettings]
  /// In the order of the files.
  package var budgets: [BudgetSettings]
  /// In the order of the files.
  package var killSwitches: [KillSwitchSettings]

  package init(
    server: ServerSettings = ServerSettings(),
    identity: IdentitySettings = IdentitySettings(),
    upstreams: [UpstreamSettings] = [],
    models: [ModelSettings] = [],
    tiers: [TierSettings] = [],
    features: [FeatureSettings] = [],
    targets: [TargetSettings] = [],
    routes: [RouteSettings] = [],
    products: [ProductSettings] = [],
    evidence: [SemanticEvidence] = [],
    limits: [LimitSettings] = [],
    budgets: [BudgetSettings] = [],
    killSwitches: [KillSwitchSettings] = []
  ) {
    self.server = server
    self.identity = identity
    self.upstreams = upstreams
    self.models = models
    self.tiers = tiers
    self.features = features
    self.targets = targets
    self.routes = routes
    self.products = products
    self.evidence = evidence
    self.limits = limits
    self.budgets = budgets
    self.killSwitches = killSwitches
  }
}

/// The place of a model in `Policy.models`.
package struct ModelIndex: Hashable, Sendable {
  package var position: Int
  package init(_ position: Int) { self.position = position }
}

/// The place of a target in `Policy.targets`.
package struct TargetIndex: Hashable, Sendable {
  package var position: Int
  package init(_ position: Int) { self.position = position }
}

extension Policy {
  package subscript(model: ModelIndex) -> ModelSettings { models[model.position] }
  package subscript(target: TargetIndex) -> TargetSettings { targets[target.position] }

  /// The upstream that is asked for a model.
  ///
  /// Complexity: linear in the number of upstreams. For compilation, not for a request.
  package func upstream(of model: ModelIndex) -> UpstreamSettings {
    let name = self[model].upstream
    guard let upstream = upstreams.first(where: { $0.name == name }) else {
      preconditionFailure("upstream \(name) is not declared")
    }
    return upstream
  }

  /// The model of that name.
  ///
  /// Complexity: linear in the number of models. For compilation, not for a request.
  package func model(named name: String) -> ModelIndex? {
    models.firstIndex { $0.name == name }.map { ModelIndex($0) }
  }

  /// The target of that name.
  ///
  /// Complexity: linear in the number of targets. For compilation, not for a request.
  package func target(named name: String) -> TargetIndex? {
    targets.firstIndex { $0.name == name }.map { TargetIndex($0) }
  }
}
