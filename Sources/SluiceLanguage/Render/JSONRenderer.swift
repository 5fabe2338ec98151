import SluiceCore

/// Findings for programs: one object, keys in a fixed order, a stable shape.
///
/// Lines and columns count from 1, columns in characters; `endLine` and `endColumn` are behind the
/// last character; byte offsets count from 0.
struct JSONRenderer {
  let bundle: Bundle

  func render(_ findings: Findings) -> String {
    let shown = findings.shown.map(object)
    let value = JSONText.object([
      ("version", .number(1)),
      (
        "totals",
        .object([
          ("errors", .number(findings.count(of: .error))),
          ("warnings", .number(findings.count(of: .warning))),
          ("notes", .number(findings.count(of: .note))),
          ("omitted", .number(findings.omitted)),
        ])
      ),
      ("findings", .array(shown)),
    ])
    return value.text(indentation: 0) + "\n"
  }

  private func object(_ finding: Diagnostic) -> JSONText {
    .object([
      ("code", .string(finding.code.id)),
      ("name", .string(finding.code.name)),
      ("severity", .string(finding.severity.description)),
      ("message", .string(finding.message)),
      ("place", place(finding.span)),
      ("label", finding.label.map(JSONText.string) ?? .null),
      (
        "seconds",
        .array(
          finding.seconds.map { .object([("text", .string($0.text)), ("place", place($0.span))]) }
        )
      ),
      ("notes", .array(finding.notes.map(JSONText.string))),
      ("help", finding.help.map(JSONText.string) ?? .null),
      (
        "fix",
        .array(
          finding.fix.map {
            .object([("place", place($0.span)), ("replacement", .string($0.replacement))])
          }
        )
      ),
    ])
  }

  private func place(_ span: SourceSpan) -> JSONText {
    let source = bundle[span.source]
    let start = source.position(at: span.start)
    let end = source.position(at: span.end)
    return .object([
      ("file", .string(source.path)),
      ("line", .number(start.line)),
      ("column", .number(start.column)),
      ("endLine", .number(end.line)),
      ("endColumn", .number(end.column)),
      ("offset", .number(span.start)),
      ("length", .number(span.end - span.start)),
    ])
  }
}
