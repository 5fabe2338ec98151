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

/// A JSON value on its way to text; objects keep their order.
private indirect enum JSONText {
  case null
  case number(Int)
  case string(String)
  case array([JSONText])
  case object([(String, JSONText)])

  /// Objects of findings on lines of their own, small ones on one line.
  func text(indentation: Int) -> String {
    let inner = String(repeating: " ", count: indentation + 2)
    let outer = String(repeating: " ", count: indentation)
    switch self {
    case .null, .number, .string: return flat
    case .array(let values):
      guard !values.isEmpty else { return "[]" }
      let lines = values.map { inner + $0.text(indentation: indentation + 2) }
      return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
    case .object(let entries):
      let flat = flat
      if flat.utf8.count <= 160 { return flat }
      let lines = entries.map { key, value in
        inner + Self.quoted(key) + ": " + value.text(indentation: indentation + 2)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
    }
  }

  private var flat: String {
    switch self {
    case .null: "null"
    case .number(let number): String(number)
    case .string(let string): Self.quoted(string)
    case .array(let values): "[" + values.map(\.flat).joined(separator: ", ") + "]"
    case .object(let entries):
      "{" + entries.map { Self.quoted($0) + ": " + $1.flat }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let hex = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }
}
