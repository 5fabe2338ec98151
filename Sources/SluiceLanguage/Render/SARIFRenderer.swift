import SluiceCore

/// Findings as SARIF 2.1.0 (OASIS), for code scanning.
///
/// Lines and columns count from 1, columns in code points, which the run says; the end of a region is
/// behind its last character. A place without text has no region.
struct SARIFRenderer {
  let bundle: Bundle
  let version: String

  func render(_ findings: Findings) -> String {
    let shown = findings.shown
    let codes = Set(shown.map(\.code)).sorted { $0.rawValue < $1.rawValue }
    let places = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, $0) })
    let value = JSONText.object([
      ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")),
      ("version", .string("2.1.0")),
      (
        "runs",
        .array([
          .object([
            (
              "tool",
              .object([
                (
                  "driver",
                  .object([
                    ("name", .string("sluice")),
                    ("version", .string(version)),
                    ("rules", .array(codes.map(rule))),
                  ])
                )
              ])
            ),
            ("columnKind", .string("unicodeCodePoints")),
            ("results", .array(shown.map { result($0, places[$0.code] ?? 0) })),
          ])
        ])
      ),
    ])
    return value.text(indentation: 0) + "\n"
  }

  private func rule(_ code: DiagnosticCode) -> JSONText {
    let page = Explain.page(for: code)
    let lines = page.split(separator: "\n")
    let summary = lines.count > 1 ? String(lines[1]) : code.name
    return .object([
      ("id", .string(code.id)),
      ("name", .string(code.name)),
      ("shortDescription", .object([("text", .string(summary))])),
      ("help", .object([("text", .string(page)), ("markdown", .string(page))])),
    ])
  }

  private func result(_ finding: Diagnostic, _ index: Int) -> JSONText {
    let words = [finding.message] + finding.notes + [finding.help].compactMap(\.self)
    var entries: [(String, JSONText)] = [
      ("ruleId", .string(finding.code.id)),
      ("ruleIndex", .number(index)),
      ("level", .string(finding.severity.description)),
      ("message", .object([("text", .string(words.joined(separator: "\n")))])),
      ("locations", .array([.object([("physicalLocation", place(finding.span))])])),
    ]
    if !finding.seconds.isEmpty {
      let seconds = finding.seconds.enumerated()
        .map { index, label in
          JSONText.object([
            ("id", .number(index + 1)),
            ("message", .object([("text", .string(label.text))])),
            ("physicalLocation", place(label.span)),
          ])
        }
      entries.append(("relatedLocations", .array(seconds)))
    }
    if !finding.fix.isEmpty { entries.append(("fixes", .array([fix(finding)]))) }
    return .object(entries)
  }

  private func fix(_ finding: Diagnostic) -> JSONText {
    let changes = finding.fix.map { edit in
      JSONText.object([
        ("artifactLocation", .object([("uri", .string(uri(edit.span)))])),
        (
          "replacements",
          .array([
            .object([
              ("deletedRegion", region(edit.span)),
              ("insertedContent", .object([("text", .string(edit.replacement))])),
            ])
          ])
        ),
      ])
    }
    return .object([
      ("description", .object([("text", .string(finding.help ?? finding.message))])),
      ("artifactChanges", .array(changes)),
    ])
  }

  private func place(_ span: SourceSpan) -> JSONText {
    var entries: [(String, JSONText)] = [
      ("artifactLocation", .object([("uri", .string(uri(span)))]))
    ]
    if bundle[span.source].isText { entries.append(("region", region(span))) }
    return .object(entries)
  }

  private func region(_ span: SourceSpan) -> JSONText {
    let source = bundle[span.source]
    let start = source.position(at: span.start)
    let end = source.position(at: span.end)
    return .object([
      ("startLine", .number(start.line)),
      ("startColumn", .number(start.column)),
      ("endLine", .number(end.line)),
      ("endColumn", .number(end.column)),
    ])
  }

  /// The path as a relative reference (RFC 3986), what may not stand in one percent-encoded.
  private func uri(_ span: SourceSpan) -> String {
    var uri = ""
    for byte in bundle[span.source].path.utf8 {
      let scalar = Unicode.Scalar(byte)
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
        || (0x61...0x7A).contains(byte) || "-._~/".unicodeScalars.contains(scalar)
      if isPlain {
        uri.unicodeScalars.append(scalar)
      } else {
        let hex = String(byte, radix: 16, uppercase: true)
        uri += "%" + (hex.count < 2 ? "0" : "") + hex
      }
    }
    return uri
  }
}
