import SluiceCore

/// One line a finding, for editors and for `grep`.
struct ShortRenderer {
  let bundle: Bundle

  func render(_ findings: Findings) -> String {
    findings.shown.map { line(of: $0) + "\n" }.joined()
  }

  private func line(of finding: Diagnostic) -> String {
    let place = bundle.place(of: finding.span)
    let isText = bundle[finding.span.source].isText
    let line = "\(isText ? "\(place)" : place.file): \(finding.severity)[\(finding.code.id)] "
    return TerminalText.plain(line + finding.message)
  }
}
