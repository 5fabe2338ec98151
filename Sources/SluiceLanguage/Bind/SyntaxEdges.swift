/// Values that a mistake of syntax cut off, or an alias without an anchor left out: nothing more is
/// said about them.
///
/// `key: headers["x"]` in a flow map is read as `headers` before reading fails at the bracket; that
/// `headers` is of the wrong type is only a consequence.
enum SyntaxEdges {
  static func spoil(_ documents: [YAMLDocument], _ findings: inout Findings) {
    for finding in findings.shown where finding.code == .unknownAnchor {
      findings.spoil(finding.span)
    }
    let edges = findings.shown.filter { $0.code == .yamlSyntax }.map(\.span)
    for document in documents where !document.isWhole {
      for edge in edges where edge.source == document.source {
        visit(document.root, edge.start, &findings)
      }
    }
  }

  private static func visit(_ node: YAMLNode, _ edge: Int, _ findings: inout Findings) {
    switch node.content {
    case .null, .scalar:
      if node.span.end == edge { findings.spoil(node.span) }
    case .sequence(let items):
      for item in items { visit(item, edge, &findings) }
    case .mapping(let mapping):
      for entry in mapping.entries {
        if entry.keySpan.end == edge { findings.spoil(entry.keySpan) }
        visit(entry.value, edge, &findings)
      }
    }
  }
}
