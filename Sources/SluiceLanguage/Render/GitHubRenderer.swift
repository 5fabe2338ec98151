import SluiceCore

/// Findings as workflow commands, a line each, which GitHub shows beside the lines they are about.
struct GitHubRenderer {
  let bundle: Bundle

  func render(_ findings: Findings) -> String {
    findings.shown.map { line(of: $0) + "\n" }.joined()
  }

  private func line(of finding: Diagnostic) -> String {
    let source = bundle[finding.span.source]
    let command = finding.severity == .note ? "notice" : finding.severity.description
    var properties = [("file", source.path)]
    if source.isText {
      let start = source.position(at: finding.span.start)
      let end = source.position(at: finding.span.end)
      properties += [("line", "\(start.line)"), ("col", "\(start.column)")]
      properties.append(("endLine", "\(end.line)"))
      // GitHub takes an end only within one line.
      if end.line == start.line { properties.append(("endColumn", "\(end.column)")) }
    }
    properties.append(("title", "\(finding.code.id) \(finding.code.name)"))
    let words = [finding.message] + finding.notes + [finding.help].compactMap(\.self)
    let list = properties.map { "\($0)=\(escaped($1, ":,"))" }.joined(separator: ",")
    return "::\(command) \(list)::" + escaped(words.joined(separator: "\n"), "")
  }

  /// As the runner reads it back.
  private func escaped(_ text: String, _ more: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      case ":" where more.contains(":"): escaped += "%3A"
      case "," where more.contains(","): escaped += "%2C"
      default: escaped.unicodeScalars.append(TerminalText.isSteering(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return escaped
  }
}
