import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceLanguage
package import SluicePolicy
package import SluiceStages

/// What a policy does with requests, by what tells them apart.
package struct PolicyBehaviour: Sendable {
  /// What a request comes to at the route.
  package enum Decision: Hashable, Sendable {
    /// Before any model was chosen; `404 no_route`.
    case refused(String)
    /// The place in `Policy.routes`, and what is to answer.
    case routed(Int, RouteTable.Goal)
  }

  /// Who asks for what.
  package struct Asker: Hashable, Sendable {
    package var tier: String
    package var product: String
    package var service: ModelSettings.Service

    package init(tier: String, product: String, service: ModelSettings.Service) {
      self.tier = tier
      self.product = product
      self.service = service
    }
  }

  package let policy: Policy
  package let access: ModelAccess
  /// By the place of the route: what it is called, so that what only has another name is the same.
  package var routeNames: [String]
  private let settings: PolicySettings
  private let bounds: RequestBounds
  private let features: [Int: CheckedExpression]

  package init(_ policy: Policy) {
    self.policy = policy
    access = ModelAccess(policy)
    routeNames = policy.routes.map(\.name)
    settings = PolicySettings(policy)
    bounds = RequestBounds(policy)
    features = policy.featuresBySlot
  }

  // MARK: the route

  /// What a client that names `model` comes to on a route; of a split, at one of its shares.
  ///
  /// `route` is a place in `Policy.routes`; `nil`: none takes it.
  package func decision(
    on route: Int?,
    naming model: String,
    share: TargetIndex? = nil,
    _ asker: Asker
  ) -> Decision {
    var named: RouteTable.Goal?
    if model != "auto" {
      named = access.goal(named: model)
      guard let named, access.primary(of: named, tier: asker.tier) != nil else {
        return .refused(.modelNotFound(model))
      }
    }
    guard let route else { return .refused(.noRoute) }
    var goal: RouteTable.Goal
    switch policy.routes[route].destination {
    case .target(let target): goal = .target(target)
    case .requested:
      guard let named else { return .refused(.noRoute) }
      goal = named
    }
    if let share { goal = .target(share) }
    let name = policy.name(of: goal)
    guard access.primary(of: goal, tier: asker.tier) != nil else {
      return .refused(.modelNotAllowed(name))
    }
    guard access.primary(of: goal, tier: asker.tier, for: asker.service) != nil else {
      return .refused(.unsupportedModel(name))
    }
    return .routed(route, goal)
  }

  /// The split that decides on a route; `nil` if none does.
  package func split(
    on route: Int?,
    naming model: String
  ) -> (shares: [TargetSettings.Share], by: SluicePolicy.Expression)? {
    guard let route else { return nil }
    let target: TargetIndex
    switch policy.routes[route].destination {
    case .target(let index): target = index
    case .requested:
      guard case .target(let index)? = access.goal(named: model) else { return nil }
      target = index
    }
    guard case .split(let shares, let by) = policy[target].kind else { return nil }
    return (shares, by)
  }

  /// A key in one spelling, features written out.
  package func meaning(of key: SluicePolicy.Expression) -> String {
    FeatureMeaning.text(of: key.checked, features)
  }

  // MARK: what follows

  package func behaviour(_ decision: Decision, _ asker: Asker) -> RequestBehaviour {
    var behaviour: RequestBehaviour
    switch decision {
    case .refused(let why):
      behaviour = RequestBehaviour(
        routing: Fact(why, at: policy.routes.last?.place ?? .builtIn),
        isRouted: false
      )
    case .routed(let route, let goal):
      let models = candidates(of: goal, asker)
      let names = models.map { policy[$0].name }.joined(separator: ", ")
      behaviour = RequestBehaviour(
        routing: Fact(
          "route \(routeNames[route]) to \(policy.name(of: goal)): \(names)",
          at: policy.routes[route].place
        ),
        isRouted: true
      )
      behaviour.routed = cache(asker) + limits(asker, ofTokens: true) + money(asker)
      behaviour.routed.append(bound(on: route, asker))
      let extras = reroutes.flatMap { candidates(of: .target($0), asker) }
      behaviour.routed += Set(models + extras).sorted { $0.position < $1.position }.map(upstream)
    }
    behaviour.always = limits(asker, ofTokens: false) + switches
    return behaviour
  }

  /// What differs whatever is asked, told without a request.
  package func standing(_ other: PolicyBehaviour) -> [Difference] {
    let sections: [(String, Aspect.Group, SourcePlace, SourcePlace)] = [
      ("identity", .identity, policy.identity.place, other.policy.identity.place),
      ("server", .server, policy.server.place, other.policy.server.place),
    ]
    return sections.flatMap { section, group, old, new in
      RequestBehaviour.compare(
        subject(group, section, settings.settings(of: section), old),
        subject(group, section, other.settings.settings(of: section), new)
      )
    }
  }

  private func candidates(of goal: RouteTable.Goal, _ asker: Asker) -> [ModelIndex] {
    policy.models(of: goal)
      .filter {
        access.allows($0, tier: asker.tier) && policy[$0].serves.contains(asker.service)
      }
  }

  private var reroutes: [TargetIndex] {
    policy.budgets.flatMap { budget in
      budget.onExceed.compactMap { if case .reroute(let target) = $0 { target } else { nil } }
    }
  }

  private func subject(
    _ group: Aspect.Group,
    _ title: String,
    name: String = "",
    _ settings: [PolicySettings.Setting],
    _ place: SourcePlace,
    standsAlone: Bool = false
  ) -> RequestBehaviour.Subject {
    RequestBehaviour.Subject(
      aspect: Aspect(group, title),
      name: name,
      settings: settings,
      place: place,
      standsAlone: standsAlone
    )
  }

  func cache(_ asker: Asker) -> [RequestBehaviour.Subject] {
    guard let product = policy.products.first(where: { $0.name == asker.product }) else {
      return []
    }
    guard let cache = product.cache else { return [] }
    var settings = self.settings.settings(of: "products", product.name)
      .filter { $0.key.hasPrefix("cache.") }
      .map { PolicySettings.Setting(String($0.key.dropFirst("cache.".count)), $0.value) }
    replace("key", cache.key, in: &settings)
    return [
      subject(
        .cache,
        "cache of product \(product.name)",
        name: product.name,
        settings,
        cache.place,
        standsAlone: true
      )
    ]
  }

  private func limits(_ asker: Asker, ofTokens: Bool) -> [RequestBehaviour.Subject] {
    policy.limits.filter { $0.measure.isOfTokens == ofTokens }
      .map { limit in
        entry(.limits, "limits", "limit", limit.name, asker.tier, limit.place)
      }
  }

  /// An entry whose settings a tier may override.
  private func entry(
    _ group: Aspect.Group,
    _ section: String,
    _ kind: String,
    _ name: String,
    _ tier: String,
    _ place: SourcePlace
  ) -> RequestBehaviour.Subject {
    var settings = self.settings.settings(of: section, name)
    let prefix = "tiers."
    let override = settings.first { $0.key == prefix + tier }
    settings.removeAll { $0.key.hasPrefix(prefix) || Self.notOfRequests.contains($0.key) }
    if let override {
      for place in settings.indices where Self.overridden.contains(settings[place].key) {
        settings[place].value = override.value
      }
    }
    let title = override == nil ? "\(kind) \(name)" : "\(kind) \(name), tier \(tier)"
    return subject(group, title, name: name, settings, place, standsAlone: true)
  }

  private static let overridden: Set<String> = ["rate", "concurrent", "limit"]
  /// What only lint goes by.
  private static let notOfRequests: Set<String> = ["min_runway"]

  private func money(_ asker: Asker) -> [RequestBehaviour.Subject] {
    policy.budgets.map { budget in
      var subject = entry(.money, "budgets", "budget", budget.name, asker.tier, budget.place)
      replace("key", budget.key, in: &subject.settings)
      for case .reroute(let target) in budget.onExceed {
        let models = policy.candidates(of: target).map { policy[$0].name }
        subject.settings.append(
          PolicySettings.Setting(
            "on_exceed.\(policy[target].name)",
            models.joined(separator: ", ")
          )
        )
      }
      return subject
    }
  }

  private var switches: [RequestBehaviour.Subject] {
    policy.killSwitches.map { killSwitch in
      subject(
        .money,
        "kill switch \(killSwitch.name)",
        name: killSwitch.name,
        settings.settings(of: "kill_switches", killSwitch.name),
        killSwitch.place,
        standsAlone: true
      )
    }
  }

  private func bound(on route: Int, _ asker: Asker) -> RequestBehaviour.Subject {
    let cost = bounds.request(on: policy.routes[route], tier: asker.tier)
    return subject(
      .money,
      "price bound of a request",
      [PolicySettings.Setting("", cost.map { "$\($0.allTries)" } ?? "nothing")],
      policy.routes[route].place
    )
  }

  private func upstream(_ index: ModelIndex) -> RequestBehaviour.Subject {
    let model = policy[index]
    let upstream = policy.upstream(of: index)
    let own = settings.settings(of: "models", model.name)
    let shared = settings.settings(of: "upstreams", upstream.name)
    return subject(
      .upstreams,
      "model \(model.name)",
      own + shared.map { PolicySettings.Setting("upstream.\($0.key)", $0.value) },
      model.place
    )
  }

  private func replace(
    _ key: String,
    _ expression: SluicePolicy.Expression?,
    in settings: inout [PolicySettings.Setting]
  ) {
    guard let expression, let place = settings.firstIndex(where: { $0.key == key }) else { return }
    settings[place].value = meaning(of: expression)
  }
}

extension PolicyBehaviour.Decision {
  static func refused(_ error: APIError) -> Self { .refused(error.summary) }
}

extension APIError {
  /// `404 no_route`.
  package var summary: String { "\(status) \(code ?? "")" }
}

extension Policy {
  var featuresBySlot: [Int: CheckedExpression] {
    Dictionary(
      features.map { ($0.slot, $0.value.checked) },
      uniquingKeysWith: { first, _ in first }
    )
  }
}
