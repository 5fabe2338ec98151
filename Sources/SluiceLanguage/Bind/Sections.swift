import SluiceCore

/// The sections of a policy.
enum Section: String, CaseIterable {
  case server, identity, upstreams, models, tiers, features, targets, routes, products, limits
  case budgets
  case killSwitches = "kill_switches"

  /// What one declaration in it is called; nil where it declares no names.
  var kind: String? {
    switch self {
    case .server, .identity: nil
    case .upstreams: "upstream"
    case .models: "model"
    case .tiers: "tier"
    case .features: "feature"
    case .targets: "target"
    case .routes: "route"
    case .products: "product"
    case .limits: "limit"
    case .budgets: "budget"
    case .killSwitches: "kill switch"
    }
  }

  /// Whether it is a map that merges over files.
  var merges: Bool { self != .server && self != .routes }
}

/// What the files of a bundle say, gathered by section.
///
/// Sections that are maps merge over files; `routes` and `server` stand in one. The first of two
/// declarations of one name counts, and both places are told.
struct Sections {
  /// By section: the names it declares.
  private(set) var names: [Section: Names] = [:]
  /// The keys of `identity`, from all files.
  private(set) var identity = Names(kind: "key of `identity`")
  /// What the files of prices say, by model.
  private(set) var prices = Names(kind: "price")
  /// The files of tests.
  private(set) var tests: [(mapping: YAMLMapping, span: SourceSpan)] = []
  /// What the files of evidence say, by product.
  private(set) var evidence = Names(kind: "evidence of product")
  /// Where each section's own key stands, in the order of the files.
  private(set) var heads: [Section: [YAMLEntry]] = [:]
  /// The first lines of the policy files.
  private(set) var policyHeads: [SourceSpan] = []

  init(of documents: [YAMLDocument], in bundle: Bundle, _ findings: inout Findings) {
    for section in Section.allCases {
      if let kind = section.kind { names[section] = Names(kind: kind) }
    }
    for document in documents {
      guard let (kind, mapping) = BundleKind.content(of: document, &findings) else { continue }
      switch kind {
      case .policy: break
      case .prices:
        for item in Self.entries(
          of: mapping,
          kind,
          Schema.pricesFile,
          under: "models",
          at: document.root.span,
          &findings
        ) {
          guard let first = prices.declare(item) else { continue }
          findings.report(.priceInTwoPlaces(item.name, at: item.keySpan, first: first))
        }
        continue
      case .evidence:
        for item in Self.entries(
          of: mapping,
          kind,
          Schema.evidenceFile,
          under: "products",
          at: document.root.span,
          &findings
        ) {
          guard let first = evidence.declare(item) else { continue }
          findings.report(
            .duplicateName(evidence.kind, item.name, at: item.keySpan, first: first)
          )
        }
        continue
      case .test:
        tests.append((mapping, document.root.span))
        continue
      }
      policyHeads.append(mapping.entries.first?.keySpan ?? document.root.span)
      for entry in mapping.entries where BundleKind(rawValue: entry.name) == nil {
        take(entry, &findings)
      }
    }
    for section in Section.allCases { names[section]?.close() }
  }

  /// The one place of a section that stands in one file.
  subscript(section: Section) -> YAMLEntry? { heads[section]?.first }

  private mutating func take(_ entry: YAMLEntry, _ findings: inout Findings) {
    guard let section = Section(rawValue: entry.name) else {
      findings.report(
        .unknownKey(
          entry.name,
          in: "a policy",
          nearest: NearestName.nearest(to: entry.name, among: Schema.sections),
          allowed: Schema.sections,
          at: entry.keySpan
        )
      )
      return
    }
    if !section.merges, let first = heads[section]?.first {
      findings.report(
        .sectionInSeveralFiles(entry.name, at: entry.keySpan, first: first.keySpan)
      )
      return
    }
    heads[section, default: []].append(entry)
    guard section.merges else {
      // Routes are a list, but have names that expressions may compare with.
      for item in entry.value.sequence ?? [] {
        guard let name = item.mapping?["name"]?.value.scalar else { continue }
        declare(YAMLEntry(key: name, value: item), in: section, &findings)
      }
      return
    }
    for item in Self.entries(of: entry, &findings) { declare(item, in: section, &findings) }
  }

  /// The entries of a file that holds one map by name, under `key`.
  private static func entries(
    of mapping: YAMLMapping,
    _ kind: BundleKind,
    _ table: KeyTable,
    under key: String,
    at span: SourceSpan,
    _ findings: inout Findings
  ) -> [YAMLEntry] {
    var found: [YAMLEntry] = []
    for entry in mapping.entries where BundleKind(rawValue: entry.name) == nil {
      guard table.allows(entry.name) else {
        findings.report(
          .unknownKey(
            entry.name,
            in: kind.phrase,
            nearest: NearestName.nearest(to: entry.name, among: [key]),
            allowed: [key],
            at: entry.keySpan
          )
        )
        continue
      }
      found += entries(of: entry, &findings)
    }
    if mapping.keys.allSatisfy({ BundleKind(rawValue: $0) != nil }) {
      findings.report(
        .missingKey(
          key,
          in: kind.phrase,
          example: "\(key): {}",
          at: mapping.entries.first?.keySpan ?? span
        )
      )
    }
    return found
  }

  /// The entries of a map by name; anything else is told.
  private static func entries(
    of entry: YAMLEntry,
    _ findings: inout Findings
  ) -> [YAMLEntry] {
    if let mapping = entry.value.mapping { return mapping.entries }
    findings.report(
      .wrongType(
        entry.name,
        expected: "a map",
        got: entry.value.kindDescription,
        example: "\(entry.name): {}",
        at: entry.valueSpan
      )
    )
    return []
  }

  private mutating func declare(
    _ entry: YAMLEntry,
    in section: Section,
    _ findings: inout Findings
  ) {
    let first: SourceSpan?
    if section == .identity {
      first = identity.declare(entry)
    } else {
      first = names[section]?.declare(entry)
    }
    guard let first else { return }
    let kind = section.kind ?? "key"
    findings.report(.duplicateName(kind, entry.name, at: entry.keySpan, first: first))
  }
}
