import SluiceDialects
import SluiceExpressions
package import SluicePolicy
import SluiceLanguage
import SluiceStages

/// Which requests two policies treat differently, decided by cutting the space of requests into
/// sets on which both decide alike.
///
/// Every request lies in one of the sets, so where no set differs, nothing does. A set that cannot
/// be read exactly may hold no request: what is claimed of it is to be shown by tracing one. Pure.
package struct PolicyDifference: Sendable {
  /// Requests that one difference is seen by.
  package struct Case: Sendable {
    package var box: Box
    /// Where the splits of both are to send them.
    package var shares: (old: TargetIndex?, new: TargetIndex?)
    package var routes: (old: Int?, new: Int?)
    /// How far it is from what most requests are.
    var oddness = 0
  }

  package struct Finding: Sendable {
    package var difference: Difference
    /// The likeliest to hold a request first.
    package var cases: [Case]
  }

  package let old: PolicyBehaviour
  package private(set) var new: PolicyBehaviour
  package let partition: RoutePartition
  package private(set) var findings: [Finding] = []
  /// Routes that have another name, and else take the same requests to the same place.
  package private(set) var renamedRoutes: [(old: Int, new: Int)] = []
  /// Whether every request was looked at.
  package private(set) var isWhole: Bool

  /// Cases of one difference that are kept.
  package static let mostCases = 48
  /// Sets of requests that are looked at.
  private static let mostSets = 200_000

  package init(_ old: Policy, _ new: Policy) {
    self.old = PolicyBehaviour(old)
    self.new = PolicyBehaviour(new)
    partition = RoutePartition(old.routeList, new.routeList, names: .of(old, new))
    isWhole = partition.isWhole
    nameRoutes()
    compare()
  }

  // MARK: names

  /// Finds routes that only have another name.
  private mutating func nameRoutes() {
    guard isWhole else { return }
    let readsRoute = [old.policy, new.policy]
      .contains { policy in
        policy.expressions.contains { $0.checked.slots.contains(PolicyVariable.route.slot) }
      }
    // Then the name is part of a key.
    guard !readsRoute else { return }
    let (olds, news) = (Set(old.routeNames), Set(new.routeNames))
    var meetings: [Int: Set<Int?>] = [:]
    var takers: [Int: Set<Int?>] = [:]
    for cell in partition.cells {
      if let old = cell.old { meetings[old, default: []].insert(cell.new) }
      if let new = cell.new { takers[new, default: []].insert(cell.old) }
    }
    for (place, name) in old.routeNames.enumerated() where !news.contains(name) {
      guard let met = meetings[place], met.count == 1, case let other?? = met.first,
        takers[other] == [place], !olds.contains(new.routeNames[other]),
        old.destination(of: place) == new.destination(of: other)
      else { continue }
      renamedRoutes.append((place, other))
    }
    for (place, other) in renamedRoutes { new.routeNames[other] = old.routeNames[place] }
  }

  // MARK: sets

  private mutating func compare() {
    var cases: [Difference: [Case]] = [:]
    var order: [Difference] = []
    let tiers = self.tiers
    let products = self.products
    let services = self.services
    var sets = 0
    var known: [Known: [Difference]] = [:]
    for cell in partition.cells {
      for tier in tiers {
        guard let box = tier.box.intersection(cell.box) else { continue }
        for product in products {
          guard let box = product.box.intersection(box) else { continue }
          for service in services {
            guard let box = service.box.intersection(box) else { continue }
            let asker = PolicyBehaviour.Asker(
              tier: tier.value,
              product: product.value,
              service: service.value
            )
            for name in names(cell, asker) {
              guard let box = name.box.intersection(box) else { continue }
              for shares in shares(cell, name.value) {
                sets += 1
                guard sets <= Self.mostSets else {
                  isWhole = false
                  return keep(cases, order)
                }
                let decisions = (
                  old.decision(on: cell.old, naming: name.value, share: shares.old, asker),
                  new.decision(on: cell.new, naming: name.value, share: shares.new, asker)
                )
                let key = Known(old: decisions.0, new: decisions.1, asker: asker)
                let differences =
                  known[key]
                  ?? old.behaviour(decisions.0, asker)
                  .differences(to: new.behaviour(decisions.1, asker))
                known[key] = differences
                for difference in differences {
                  if cases[difference] == nil { order.append(difference) }
                  cases[difference, default: []]
                    .append(
                      Case(
                        box: box,
                        shares: shares,
                        routes: (cell.old, cell.new),
                        oddness: oddness(of: decisions, asker, name.value)
                      )
                    )
                }
              }
            }
          }
        }
      }
    }
    keep(cases, order)
  }

  private struct Known: Hashable {
    var old: PolicyBehaviour.Decision
    var new: PolicyBehaviour.Decision
    var asker: PolicyBehaviour.Asker
  }

  private mutating func keep(_ cases: [Difference: [Case]], _ order: [Difference]) {
    findings =
      order.map { difference in
        let all = (cases[difference] ?? [])
          .map { (rank($0), $0) }
          .sorted { $0.0 < $1.0 }
        return Finding(difference: difference, cases: all.prefix(Self.mostCases).map(\.1))
      }
      .sorted { Self.place($0.difference) < Self.place($1.difference) }
  }

  /// The plainer a set, the sooner it is asked for a request.
  private func rank(_ one: Case) -> Int {
    partition.doubts(of: one.box) * 1_000 + one.oddness + one.box.sides.count
      + (one.shares.old == nil && one.shares.new == nil ? 0 : 100)
  }

  private func oddness(
    of decisions: (PolicyBehaviour.Decision, PolicyBehaviour.Decision),
    _ asker: PolicyBehaviour.Asker,
    _ model: String
  ) -> Int {
    func isRefused(_ decision: PolicyBehaviour.Decision) -> Bool {
      if case .refused = decision { true } else { false }
    }
    return (asker.service == .chat ? 0 : 200) + (model == "auto" ? 0 : 50)
      + (isRefused(decisions.0) ? 300 : 0) + (isRefused(decisions.1) ? 300 : 0)
  }

  private static func place(_ difference: Difference) -> Int {
    Aspect.Group.allCases.firstIndex(of: difference.aspect.group) ?? 0
  }

  // MARK: what tells requests apart

  /// Requests that have something in common, and one value that stands for them.
  private struct Class<Value: Sendable>: Sendable {
    var value: Value
    var box: Box
  }

  /// Values by what both policies make of them; those that neither knows in particular first.
  private func classes(
    of variable: PolicyVariable,
    _ values: [String],
    by signature: (String) -> [String]
  ) -> [Class<String>] {
    let rest = signature("\0")
    var texts: [[String]: [String]] = [:]
    var order: [[String]] = []
    for value in values {
      let signature = signature(value)
      guard signature != rest else { continue }
      if texts[signature] == nil { order.append(signature) }
      texts[signature, default: []].append(value)
    }
    let special = Intervals(texts: order.flatMap { texts[$0] ?? [] })
    var all: [Class<String>] = []
    if let box = partition.box(variable, Intervals<TextPoint>.everything.subtracting(special)) {
      all.append(Class(value: "", box: box))
    }
    for signature in order {
      guard let members = texts[signature], let first = members.first,
        let box = partition.box(variable, Intervals(texts: members))
      else { continue }
      all.append(Class(value: first, box: box))
    }
    return all
  }

  private var tiers: [Class<String>] {
    let names = Set((old.policy.tiers + new.policy.tiers).map(\.name)).sorted()
    return classes(of: .userTier, names) { tier in
      [old, new].flatMap { $0.traits(ofTier: tier) }
    }
  }

  private var products: [Class<String>] {
    let names = Set((old.policy.products + new.policy.products).map(\.name)).sorted()
    return classes(of: .product, names) { product in
      let (one, two) = (old.traits(ofProduct: product), new.traits(ofProduct: product))
      // What both treat alike needs no telling apart.
      return one == two ? [] : [product]
    }
  }

  private var services: [Class<ModelSettings.Service>] {
    ModelSettings.Service.allCases.compactMap { service in
      partition.box(.requestPath, Intervals(text: "/v1" + service.path))
        .map { Class(value: service, box: $0) }
    }
  }

  /// What clients may name, by where it leads; `auto` stands for all names that lead nowhere else.
  private func names(
    _ cell: RoutePartition.Cell,
    _ asker: PolicyBehaviour.Asker
  ) -> [Class<String>] {
    let isRequested = [(old, cell.old), (new, cell.new)]
      .contains { side, route in
        route.map { side.policy.routes[$0].destination == .requested } ?? false
      }
    let names = Set(
      [old, new]
        .flatMap { side in
          (side.policy.targets.map(\.name) + side.policy.models.map(\.name))
        }
    )
    return classes(of: .requestModel, names.sorted()) { name in
      guard name != "\0" else { return [] }
      let known = [old, new]
        .map { side in
          side.access.goal(named: name)
            .map { side.access.primary(of: $0, tier: asker.tier) != nil } ?? false
        }
      if isRequested { return [name] }
      return known == [true, true] ? [] : known.map { "\($0)" }
    }
    .map { Class(value: $0.value.isEmpty ? "auto" : $0.value, box: $0.box) }
  }

  private func shares(
    _ cell: RoutePartition.Cell,
    _ name: String
  ) -> [(old: TargetIndex?, new: TargetIndex?)] {
    let before = old.split(on: cell.old, naming: name)
    let after = new.split(on: cell.new, naming: name)
    switch (before, after) {
    case (nil, nil): return [(nil, nil)]
    case (let before?, nil): return before.shares.map { ($0.target, nil) }
    case (nil, let after?): return after.shares.map { (nil, $0.target) }
    case (let before?, let after?):
      guard old.meaning(of: before.by) == new.meaning(of: after.by) else {
        return before.shares.flatMap { one in after.shares.map { (one.target, $0.target) } }
      }
      return Self.common(before.shares, after.shares)
    }
  }

  /// The pairs of shares that have places of the same million in common.
  private static func common(
    _ olds: [TargetSettings.Share],
    _ news: [TargetSettings.Share]
  ) -> [(old: TargetIndex?, new: TargetIndex?)] {
    var pairs: [(old: TargetIndex?, new: TargetIndex?)] = []
    var start = 0
    for one in olds {
      let end = start + one.millionths
      var low = 0
      for two in news {
        let high = low + two.millionths
        if max(start, low) < min(end, high) { pairs.append((one.target, two.target)) }
        low = high
      }
      start = end
    }
    return pairs
  }
}

extension PolicyBehaviour {
  /// The name of the target; `nil`: what the client named.
  fileprivate func destination(of route: Int) -> String? {
    switch policy.routes[route].destination {
    case .target(let target): policy[target].name
    case .requested: nil
    }
  }

  /// What there is about a tier in particular.
  fileprivate func traits(ofTier tier: String) -> [String] {
    let allowed = policy.tiers.first { $0.name == tier }?.models
      .map { models in models.map { policy[$0].name }.sorted() }
    let limits = policy.limits.map { $0.tiers[tier] != nil }
    let budgets = policy.budgets.map { $0.tiers[tier] != nil }
    let models = allowed?.joined(separator: ",") ?? "all"
    let hasOverrides = (limits + budgets).contains { $0 }
    return [models, hasOverrides ? tier : ""]
  }

  fileprivate func traits(ofProduct product: String) -> [String] {
    let asker = Asker(tier: "", product: product, service: .chat)
    return cache(asker).flatMap { $0.settings.flatMap { [$0.key, $0.value] } }
  }
}

extension Policy {
  fileprivate var routeList: RoutePartition.List {
    RoutePartition.List(
      routes.map {
        RouteCover.Route($0.condition?.checked, isRequested: $0.destination == .requested)
      },
      features: featuresBySlot
    )
  }
}

extension ReachNames {
  fileprivate static func of(_ old: Policy, _ new: Policy) -> ReachNames {
    func names(_ one: [String], _ two: [String]) -> [String] {
      one + two.filter { !one.contains($0) }
    }
    func requestable(_ policy: Policy) -> [String] {
      policy.models.map(\.name) + policy.targets.map(\.name)
    }
    return ReachNames(
      requestable: names(requestable(old), requestable(new)),
      tiers: names(old.tiers.map(\.name), new.tiers.map(\.name)),
      products: names(old.products.map(\.name), new.products.map(\.name))
    )
  }
}
