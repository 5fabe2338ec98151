/// How findings are written out.
package enum FindingsFormat: String, Sendable, CaseIterable {
  /// For people: snippet, caret, help.
  case human
  /// One line each: `file:line:column: severity[CODE] message`.
  case short
  /// For programs; the shape is in `Docs/diagnostics/README.md`.
  case json
}

/// What a renderer may assume about where its text goes.
package struct FindingsStyle: Sendable {
  package var hasColor: Bool
  /// Columns that fit; longer snippets are cut around the caret, longer texts wrapped.
  package var width: Int

  package init(hasColor: Bool = false, width: Int = 100) {
    self.hasColor = hasColor
    self.width = max(40, width)
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
