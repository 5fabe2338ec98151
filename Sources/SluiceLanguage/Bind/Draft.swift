import SluicePolicy

/// What was bound, with the places that checks point at.
///
/// Complete only when nothing was wrong.
struct Draft {
  var server: Declared<ServerSettings>
  /// The addresses of traffic, flags put over files.
  var listeners: [Listener]
  var adminListener: Listener?
  var identity: Declared<IdentitySettings>
  var upstreams: [Declared<UpstreamSettings>]
  var models: [Declared<ModelSettings>]
  var tiers: [Declared<TierSettings>]
  var features: [Declared<FeatureSettings>]
  var targets: [Declared<TargetSettings>]
  var routes: [Declared<RouteSettings>]
  var products: [Declared<ProductSettings>]
  var evidence: [Declared<SemanticEvidence>]
  var limits: [Declared<LimitSettings>]
  var budgets: [Declared<BudgetSettings>]
  var killSwitches: [Declared<KillSwitchSettings>]

  /// The policy; to be asked only when there are no errors.
  var policy: Policy {
    Policy(
      server: server.settings,
      identity: identity.settings,
      upstreams: upstreams.map(\.settings).sorted { $0.name < $1.name },
      models: models.map(\.settings).sorted { $0.name < $1.name },
      tiers: tiers.map(\.settings).sorted { $0.name < $1.name },
      features: features.map(\.settings).sorted { $0.slot < $1.slot },
      targets: targets.map(\.settings).sorted { $0.name < $1.name },
      routes: routes.map(\.settings),
      products: products.map(\.settings).sorted { $0.name < $1.name },
      evidence: evidence.map(\.settings).sorted { $0.product < $1.product },
      limits: limits.map(\.settings),
      budgets: budgets.map(\.settings),
      killSwitches: killSwitches.map(\.settings)
    )
  }
}
