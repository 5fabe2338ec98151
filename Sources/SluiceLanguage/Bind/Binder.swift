import SluiceCore
import SluiceExpressions
import SluicePolicy

/// Binds the located trees of a bundle to typed settings, telling every mistake on the way.
///
/// A reader of one bundle, used once and confined to its call: sections are bound in the order in
/// which they need each other, so that a name can be looked up wherever it is declared.
final class Binder {
  /// The files, and behind them the flags that were put over them.
  private(set) var bundle: Bundle
  private(set) var findings: Findings
  let sections: Sections
  let overrides: PolicyOverrides
  let surroundings: Surroundings
  /// Where to point when what is wrong stands nowhere.
  let beginning: SourceSpan
  /// The types of `features.NAME`, in the order of their slots.
  var features: [(name: String, type: CELType)] = []
  var boundFeatures: [Declared<FeatureSettings>] = []
  /// Made once per phase; anew when the type of a feature becomes known.
  var environments: [PolicyPhase: Environment] = [:]
  /// Where expressions read what is left of a budget.
  var budgetReads: [(budget: String, phase: PolicyPhase, span: SourceSpan)] = []
  /// The addresses that will be listened on.
  var listeners: [Listener] = []
  /// The places of routes that no request can reach.
  var unreachableRoutes: Set<Int> = []
  var adminListener: Listener?

  init(
    _ documents: [YAMLDocument],
    of bundle: Bundle,
    overrides: PolicyOverrides,
    surroundings: Surroundings,
    _ findings: Findings
  ) {
    var findings = findings
    let sections = Sections(of: documents, in: bundle, &findings)
    self.bundle = bundle
    self.overrides = overrides
    self.surroundings = surroundings
    self.sections = sections
    self.findings = findings
    beginning =
      sections.policyHeads.first
      ?? SourceSpan(source: SourceID(index: 0), start: 0, end: 0)
  }

  /// Makes a flag a place that findings can point at.
  func addFlag(_ name: String, _ value: String) -> SourceSpan {
    let source = bundle.add(SourceText(path: name, bytes: Array(value.utf8), isFlag: true))
    return SourceSpan(source: source, start: 0, end: value.utf8.count)
  }

  func report(_ finding: Diagnostic) { findings.report(finding) }
  func report(_ finding: Diagnostic, once key: String) { findings.report(finding, once: key) }

  func place(of span: SourceSpan) -> SourcePlace { bundle.place(of: span) }

  /// Binds every section.
  func bind() -> Draft {
    bindFeatures()
    checkPrices()
    let server = bindServer()
    let evidence = bindEvidence()
    return Draft(
      server: server,
      listeners: listeners,
      adminListener: adminListener,
      identity: bindIdentity(),
      upstreams: declarations(of: .upstreams, bindUpstream),
      models: declarations(of: .models, bindModel),
      tiers: declarations(of: .tiers, bindTier),
      features: boundFeatures,
      targets: declarations(of: .targets, bindTarget),
      routes: bindRoutes(),
      products: declarations(of: .products, bindProduct)
        .map { withBar($0, by: evidence) },
      evidence: evidence,
      limits: declarations(of: .limits, bindLimit),
      budgets: declarations(of: .budgets, bindBudget),
      killSwitches: declarations(of: .killSwitches, bindKillSwitch)
    )
  }

  /// Binds each entry of a section that is a map by name, in the order of the files.
  private func declarations<Settings>(
    of section: Section,
    _ bind: (YAMLEntry) -> Settings?
  ) -> [Declared<Settings>] {
    names(of: section).entries
      .compactMap { entry in
        checkName(entry, section)
        return bind(entry)
          .map {
            Declared(nameSpan: entry.keySpan, node: entry.value, settings: $0)
          }
      }
  }
}

// Names and what refers to them.
extension Binder {
  func names(of section: Section) -> Names { sections.names[section] ?? Names(kind: "name") }

  /// A name that is declared in a section; nil, and told, if it is not.
  func reference(_ scalar: YAMLScalar, to section: Section) -> String? {
    reference(scalar.text, at: scalar.span, to: section)
  }

  func reference(_ name: String, at span: SourceSpan, to section: Section) -> String? {
    let names = names(of: section)
    if names[name] != nil { return name }
    let nearest = NearestName.nearest(to: name, among: names.all)
    report(
      .unknownReference(
        names.kind,
        name,
        nearest: nearest,
        nearestAt: nearest.flatMap { names[$0] },
        declared: names.all,
        at: span
      ),
      once: "\(names.kind) \(name)"
    )
    return nil
  }

  /// The names under a key that holds a list of them, each declared in `section`, none twice.
  func references(_ entry: YAMLEntry, to section: Section) -> [String]? {
    let kind = names(of: section).kind
    guard let items = list(entry, of: "\(kind) names", example: "\(entry.name): [\(kind)]") else {
      return nil
    }
    return references(items, key: entry.name, to: section)
  }

  func references(_ items: [YAMLNode], key: String, to section: Section) -> [String] {
    let kind = names(of: section).kind
    var seen: [String: SourceSpan] = [:]
    return items.compactMap { item in
      guard
        let scalar = scalar(item, key: key, expected: "the name of a \(kind)", at: item.useSpan),
        let name = reference(scalar, to: section)
      else { return nil }
      if let first = seen.updateValue(scalar.span, forKey: name) {
        report(.duplicateName(kind, name, at: scalar.span, first: first))
        return nil
      }
      return name
    }
  }

  /// Tells a name that cannot be used where names of its section are.
  func checkName(_ entry: YAMLEntry, _ section: Section) {
    let name = entry.name
    let kind = names(of: section).kind
    if let trap = YAMLTraps.finding(for: entry.key, wanting: .text) { report(trap) }
    if let reason = NameRule.of(section).objection(to: name) {
      report(.badName(kind, name, reason: reason, at: entry.keySpan))
    }
    if section == .targets, let model = names(of: .models)[name] {
      report(.sharedName(name, at: entry.keySpan, model: model))
    }
  }
}
