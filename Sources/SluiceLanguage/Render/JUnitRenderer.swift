import SluiceCore

/// Findings as JUnit's XML: each is a test that failed; a file without any is one that passed.
struct JUnitRenderer {
  let bundle: Bundle

  func render(_ findings: Findings) -> String {
    let shown = findings.shown
    var cases: [String] = []
    for source in bundle.sources {
      let path = bundle[source].path
      let own = shown.filter { $0.span.source == source }
      if own.isEmpty, bundle[source].isText {
        cases.append("    <testcase classname=\"\(xml(path))\" name=\"lint\"/>\n")
      }
      cases += own.map { element($0, path) }
    }
    let counts = "tests=\"\(cases.count)\" failures=\"\(shown.count)\""
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites \(counts)>
        <testsuite name="sluice lint" \(counts)>
      \(cases.joined())  </testsuite>
      </testsuites>

      """
  }

  private func element(_ finding: Diagnostic, _ path: String) -> String {
    let source = bundle[finding.span.source]
    let place = bundle.place(of: finding.span)
    let name =
      "\(finding.code.id) \(finding.code.name)"
      + (source.isText ? " at \(place.line):\(place.column)" : "")
    let words = finding.notes + [finding.help].compactMap(\.self)
    return "    <testcase classname=\"\(xml(path))\" name=\"\(xml(name))\">\n"
      + "      <failure type=\"\(finding.severity)\" message=\"\(xml(finding.message))\">"
      + xml(words.joined(separator: "\n")) + "</failure>\n    </testcase>\n"
  }

  private func xml(_ text: String) -> String { XMLText.escaped(text) }
}

/// Texts in XML.
package enum XMLText {
  /// A text as the value of an attribute or the content of an element.
  package static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n": escaped += "&#10;"
      default: escaped.unicodeScalars.append(TerminalText.isSteering(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return escaped
  }
}
