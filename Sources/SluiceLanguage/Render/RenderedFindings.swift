/// How findings are written out.
package enum FindingsFormat: String, Sendable, CaseIterable {
  /// For people: snippet, caret, help.
  case human
  /// One line each: `file:line:column: severity[CODE] message`.
  case short
  /// For programs; the shape is in `Docs/diagnostics/README.md`.
  case json
  /// SARIF 2.1.0, for code scanning.
  case sarif
  /// Workflow commands, which GitHub shows beside the lines.
  case github
  /// JUnit's XML, for test reports.
  case junit
}

/// What a renderer may assume about where its text goes.
package struct FindingsStyle: Sendable {
  package var hasColor: Bool
  /// Columns that fit; longer snippets are cut around the caret, longer texts wrapped.
  package var width: Int

  /// Of the program, for formats that name it.
  package var version: String

  package init(hasColor: Bool = false, width: Int = 100, version: String = "0") {
    self.hasColor = hasColor
    self.version = version
    self.width = max(40, width)
  }
}

extension Bundle {
  /// The line of a place for people, as findings show it, with the place underlined.
  package func excerpt(
    at span: SourceSpan,
    label: String?,
    style: FindingsStyle = FindingsStyle()
  ) -> String {
    HumanRenderer(bundle: self, style: style).excerpt(at: span, label: label)
  }
}

extension Findings {
  /// The findings as text, with a trailing newline; empty in `short` when there are none.
  package func rendered(
    as format: FindingsFormat,
    of bundle: Bundle,
    style: FindingsStyle = FindingsStyle()
  ) -> String {
    switch format {
    case .human: HumanRenderer(bundle: bundle, style: style).render(self)
    case .short: ShortRenderer(bundle: bundle).render(self)
    case .json: JSONRenderer(bundle: bundle).render(self)
    case .sarif: SARIFRenderer(bundle: bundle, version: style.version).render(self)
    case .github: GitHubRenderer(bundle: bundle).render(self)
    case .junit: JUnitRenderer(bundle: bundle).render(self)
    }
  }

  /// `2 errors, 1 warning`; `no findings`.
  package var totals: String {
    let counts: [(Diagnostic.Severity, String)] = [
      (.error, "error"), (.warning, "warning"), (.note, "note"),
    ]
    let parts = counts.compactMap { severity, word in
      let count = count(of: severity)
      return count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
    }
    return parts.isEmpty ? "no findings" : parts.joined(separator: ", ")
  }
}
