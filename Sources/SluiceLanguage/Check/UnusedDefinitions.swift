import SluiceExpressions
import SluicePolicy

/// What is declared and reached by nothing.
///
/// Targets, tiers and products are named by clients and keys, so nothing can be said of them.
/// A name that begins with `_` says that it is meant so.
struct UnusedDefinitions: PolicyCheck {
  func inspect(_ draft: Draft, _ binder: Binder) {
    // Where a declaration could not be bound, nobody knows what it used.
    guard !binder.findings.haveErrors else { return }
    let policy = draft.policy
    tell(draft.upstreams, "upstream", Set(policy.models.map(\.upstream)), "model", binder)
    if !policy.routes.contains(where: { $0.destination == .requested }) {
      var reached: Set<String> = []
      for target in policy.targets {
        guard case .candidates(let models) = target.kind else { continue }
        reached.formUnion(models.map { policy[$0].name })
      }
      for product in policy.products {
        if let model = product.cache?.semantic?.embedder { reached.insert(policy[model].name) }
      }
      tell(draft.models, "model", reached, "target", binder)
    }
    var features: Set<String> = []
    for slot in Self.slots(policy) {
      let position = slot - PolicyVariable.slot(ofFeature: 0)
      if policy.features.indices.contains(position) {
        features.insert(policy.features[position].name)
      }
    }
    tell(draft.features, "feature", features, "expression", binder)
  }

  private func tell(
    _ declared: [Declared<some NamedSettings>],
    _ kind: String,
    _ used: Set<String>,
    _ user: String,
    _ binder: Binder
  ) {
    for declaration in declared {
      let name = declaration.settings.name
      guard !used.contains(name), !name.hasPrefix("_") else { continue }
      binder.report(.unusedDefinition(kind, name, usedBy: user, at: declaration.nameSpan))
    }
  }

  /// The slots that any expression of a policy reads.
  private static func slots(_ policy: Policy) -> Set<Int> {
    var expressions: [SluicePolicy.Expression?] = policy.features.map(\.value)
    expressions += policy.routes.map(\.condition)
    expressions += policy.limits.map(\.key)
    expressions += policy.products.flatMap { [$0.cache?.key, $0.cache?.tagging] }
    expressions += policy.budgets.map(\.key)
    for killSwitch in policy.killSwitches {
      expressions += [killSwitch.condition, killSwitch.clearCondition, killSwitch.key]
    }
    for target in policy.targets {
      if case .split(_, let by) = target.kind { expressions.append(by) }
    }
    return expressions.reduce(into: []) { $0.formUnion($1?.checked.slots ?? []) }
  }
}

/// Settings that are declared by name.
protocol NamedSettings {
  var name: String { get }
}

extension UpstreamSettings: NamedSettings {}
extension ModelSettings: NamedSettings {}
extension FeatureSettings: NamedSettings {}
