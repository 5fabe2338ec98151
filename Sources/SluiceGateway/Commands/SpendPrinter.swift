import SluiceCore
import SluiceJSON
import SluiceStores

/// What a report of spending looks like.
struct SpendPrinter {
  let report: SpendReport

  /// A table for people: the dearest first, and the sum below.
  var table: String {
    var rows = [
      [report.dimension.rawValue.uppercased(), "REQUESTS", "PROMPT", "COMPLETION", "DOLLARS"]
    ]
    rows += report.rows.map { Self.cells($0.name, $0.totals) }
    rows.append(Self.cells("total", report.total))
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var text = ""
    for row in rows {
      for (column, (cell, width)) in zip(row, widths).enumerated() {
        let padding = String(repeating: " ", count: width - cell.count)
        // Names to the left, numbers to the right.
        text += column == 0 ? cell + padding : "  " + padding + cell
      }
      text += "\n"
    }
    if report.openHolds > 0 { text += "open holds: \(report.openHolds), $\(report.held)\n" }
    return text
  }

  private static func cells(_ name: String, _ totals: SpendTotals) -> [String] {
    [
      name.isEmpty ? "-" : printable(name), "\(totals.requests)", "\(totals.prompt)",
      "\(totals.completion)", "\(totals.cost)",
    ]
  }

  /// Names may come from clients: nothing in them acts on a terminal.
  private static func printable(_ name: String) -> String {
    String(name.map { $0.unicodeScalars.contains { $0.properties.isControl } ? "?" : $0 })
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("by", report.dimension.rawValue)
    writer.member("since", UTCTime.text(ofWall: report.since * 1_000_000_000))
    writer.member("until", UTCTime.text(ofWall: report.until * 1_000_000_000))
    writer.key("rows")
    writer.beginArray()
    for row in report.rows {
      writer.beginObject()
      writer.member(report.dimension.rawValue, row.name)
      Self.append(row.totals, to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.key("total")
    writer.beginObject()
    Self.append(report.total, to: &writer)
    writer.endObject()
    writer.key("open_holds")
    writer.beginObject()
    writer.member("count", report.openHolds)
    writer.member("dollars", "\(report.held)")
    writer.endObject()
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  private static func append(_ totals: SpendTotals, to writer: inout JSONWriter) {
    writer.member("requests", totals.requests)
    writer.member("prompt_tokens", totals.prompt)
    writer.member("cached_tokens", totals.cached)
    writer.member("completion_tokens", totals.completion)
    writer.member("reasoning_tokens", totals.reasoning)
    // A string: readers that take numbers for doubles would round money.
    writer.member("dollars", "\(totals.cost)")
  }

  /// RFC 4180, with a header.
  var csv: String {
    var text =
      "\(report.dimension.rawValue),requests,prompt_tokens,cached_tokens,completion_tokens,"
      + "reasoning_tokens,dollars\r\n"
    for row in report.rows {
      let sums = row.totals
      text += Self.quoted(row.name)
      text += ",\(sums.requests),\(sums.prompt),\(sums.cached),\(sums.completion)"
      text += ",\(sums.reasoning),\(sums.cost)\r\n"
    }
    return text
  }

  /// Quoted where it must be; a name that a spreadsheet would take for a formula stays a text.
  private static func quoted(_ name: String) -> String {
    let isFormula = name.first.map { "=+-@\t\r".contains($0) } ?? false
    let text = isFormula ? "'" + name : name
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

extension Unicode.Scalar.Properties {
  fileprivate var isControl: Bool {
    switch generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
