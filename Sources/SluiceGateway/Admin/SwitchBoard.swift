import SluiceCore
import SluiceJSON
import SluicePolicy
import SluiceStages

/// The kill switches that are on at one moment.
struct SwitchBoard: Sendable {
  let rows: [SwitchTable.Status]

  init(_ table: SwitchTable, at moment: Moment) { rows = table.list(at: moment) }

  /// `{"switches": [{"switch": "runaway", "key": "", "do": "deny", …}, …]}`.
  var json: [UInt8] { json() }

  /// The same, after an order; with how many exchanges it cut, or switches it released.
  func json(cut: Int? = nil, released: Int? = nil) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    if let cut { writer.member("cut", cut) }
    if let released { writer.member("released", released) }
    writer.key("switches")
    writer.beginArray()
    for row in rows {
      writer.beginObject()
      writer.member("switch", row.name)
      writer.member(row.name == SwitchTable.manual ? "scope" : "key", row.key)
      writer.member("do", row.action.rawValue)
      writer.member("since", Self.time(row.since))
      writer.key("until")
      if let until = row.until { writer.string(Self.time(until)) } else { writer.null() }
      writer.member("by", row.by)
      writer.member("reason", row.reason)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes + [UInt8(ascii: "\n")]
  }

  /// A table for people.
  var html: String {
    guard !rows.isEmpty else { return "<p>None is on: spending goes on as the policy says.</p>" }
    let lines = rows.map { row in
      let cells = [
        row.name, row.key, row.action.rawValue, "since \(Self.time(row.since))",
        row.until.map { "until \(Self.time($0))" } ?? "until it is released",
        "by \(row.by): \(row.reason)",
      ]
      return "<tr>" + cells.map { "<td>\(AdminPage.escaped($0))</td>" }.joined() + "</tr>"
    }
    return "<table>\(lines.joined(separator: "\n"))</table>"
  }

  private static func time(_ second: Int64) -> String {
    UTCTime.text(ofWall: second.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
  }
}
