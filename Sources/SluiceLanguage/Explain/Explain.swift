/// The page of a code, as the built binary carries it.
///
/// The pages are `Docs/diagnostics/SLxxxx.md`, embedded in `ExplainPages.swift`, so that
/// `sluice explain` needs nothing but the binary; a test keeps both equal.
package enum Explain {
  /// The page of a code, in Markdown, with a trailing newline.
  package static func page(for code: DiagnosticCode) -> String {
    pages[code.rawValue] ?? "# \(code.id) \(code.name)\n"
  }
}
