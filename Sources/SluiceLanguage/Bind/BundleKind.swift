/// What a file of a bundle is, by its first key.
enum BundleKind: String, CaseIterable {
  case policy = "sluice"
  case test = "sluice-test"
  case prices = "sluice-prices"
  case evidence = "sluice-evidence"

  /// The one version there is.
  static let version = "v1"

  /// Such a file in the author's words.
  var phrase: String {
    switch self {
    case .policy: "a policy"
    case .test: "a file of tests"
    case .prices: "a file of prices"
    case .evidence: "a file of evidence"
    }
  }

  private static var lines: [String] { allCases.map { "\($0.rawValue): \(version)" } }

  /// The map of a file that is read, and its kind; nil for kinds that are not, and for what says
  /// no kind.
  ///
  /// A file that forgot its first line, but has sections, is read on all the same: its own
  /// mistakes are worth telling, and what it declares is declared.
  static func content(
    of document: YAMLDocument,
    _ findings: inout Findings
  ) -> (kind: BundleKind, mapping: YAMLMapping)? {
    guard let mapping = document.root.mapping, let head = mapping.entries.first else {
      findings.report(.missingKind(at: document.root.span.beginning))
      return nil
    }
    guard let kind = BundleKind(rawValue: head.name) else {
      if let nearest = NearestName.nearest(to: head.name, among: allCases.map(\.rawValue)) {
        findings.report(
          .unknownKind(
            head.name,
            nearest: "\(nearest): \(version)",
            known: lines,
            at: head.keySpan
          )
        )
        return BundleKind(rawValue: nearest).map { ($0, mapping.withoutFirst) }
      }
      findings.report(.missingKind(at: head.keySpan))
      let looksLikePolicy = mapping.entries.contains { Section(rawValue: $0.name) != nil }
      return looksLikePolicy ? (.policy, mapping) : nil
    }
    guard head.value.scalar?.text == version else {
      let given = head.value.scalar?.text ?? head.value.kindDescription
      findings.report(
        .unknownKind(
          "\(kind.rawValue): \(given)",
          nearest: "\(kind.rawValue): \(version)",
          known: lines,
          at: head.valueSpan
        )
      )
      return (kind, mapping)
    }
    return (kind, mapping)
  }
}

extension YAMLMapping {
  /// The map without its misspelt first line.
  fileprivate var withoutFirst: YAMLMapping {
    var rest = YAMLMapping()
    for entry in entries.dropFirst() { _ = rest.append(entry) }
    return rest
  }
}
