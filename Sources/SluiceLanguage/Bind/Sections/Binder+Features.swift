import SluiceExpressions
import SluicePolicy

extension Binder {
  /// Binds `features`, each after those that it uses, so that its type is inferred from theirs.
  func bindFeatures() {
    let entries = names(of: .features).entries
    let sorted = names(of: .features).sorted
    // Every type is open until it is inferred; `dyn` agrees with whatever is done with it.
    features = sorted.map { ($0, .dyn) }
    let uses = Dictionary(
      uniqueKeysWithValues: entries.map { ($0.name, featuresUsed(by: $0, sorted)) }
    )
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    var walk = FeatureOrder(uses: uses.compactMapValues(\.self))
    for name in sorted { walk.visit(name) }
    for cycle in walk.cycles {
      guard let first = cycle.first, let entry = byName[first] else { continue }
      let others = cycle.dropFirst().dropLast().compactMap { byName[$0]?.keySpan }
      report(.featureCycle(cycle, at: entry.keySpan, through: others))
    }
    let positions = names(of: .features).positions
    for name in walk.order {
      guard let entry = byName[name], let position = positions[name] else { continue }
      let value = expression(entry, nil, in: .request)
      guard let value else { continue }
      features[position].type = value.checked.type
      environments = [:]
      boundFeatures.append(
        Declared(
          nameSpan: entry.keySpan,
          node: entry.value,
          settings: FeatureSettings(
            name: name,
            value: value,
            slot: PolicyVariable.slot(ofFeature: position),
            place: place(of: entry.keySpan)
          )
        )
      )
    }
    for entry in entries { checkName(entry, .features) }
  }

  /// The features that one uses; nil if its text says nothing, which is told when it is bound.
  private func featuresUsed(by entry: YAMLEntry, _ sorted: [String]) -> [String]? {
    guard let text = entry.value.scalar?.text else { return [] }
    let outcome = CheckedExpression.check(text, in: environment(.request))
    guard let expression = outcome.expression else { return [] }
    let first = PolicyVariable.slot(ofFeature: 0)
    return expression.slots.sorted()
      .compactMap { slot in
        slot >= first ? sorted[slot - first] : nil
      }
  }
}

/// Orders features by what they use, and finds circles.
private struct FeatureOrder {
  let uses: [String: [String]]
  /// Each after all that it uses; members of circles are left out.
  private(set) var order: [String] = []
  /// Each circle once: its members, and the first again.
  private(set) var cycles: [[String]] = []
  private var state: [String: State] = [:]
  private var path: [String] = []

  private enum State { case open, done }

  init(uses: [String: [String]]) { self.uses = uses }

  mutating func visit(_ name: String) {
    switch state[name] {
    case .done: return
    case .open:
      guard let start = path.firstIndex(of: name) else { return }
      cycles.append(Array(path[start...]) + [name])
      return
    case nil: break
    }
    state[name] = .open
    path.append(name)
    for next in uses[name] ?? [] { visit(next) }
    path.removeLast()
    state[name] = .done
    if !cycles.contains(where: { $0.contains(name) }) { order.append(name) }
  }
}
