import SluiceCompiler
import SluiceCore
import SluiceJSON
import SluicePolicy

/// Prints what differs between two policies, for people and for programs.
struct DiffPrinter {
  private let report: DiffReport
  private let old: String
  private let new: String
  private let witnesses: String?

  init(_ report: DiffReport, old: String, new: String, witnesses: String?) {
    self.report = report
    self.old = old
    self.new = new
    self.witnesses = witnesses
  }

  private func command(of number: Int) -> String? {
    report.changes[number].witness?
      .command(tracing: new, file: witnesses.map { DiffReport.file(number, in: $0) })
  }

  // MARK: for people

  func text(hasColor: Bool) -> String {
    func paint(_ text: String, _ code: String) -> String {
      hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
    var text = ""
    var group: Aspect.Group?
    for (number, change) in report.changes.enumerated() {
      let difference = change.difference
      if difference.aspect.group != group {
        group = difference.aspect.group
        text += "\(paint(difference.aspect.group.rawValue, "1"))\n"
      }
      text += "  \(Self.headline(difference, paint))\n"
      if let consequence = difference.consequence {
        text += "    \(paint(consequence, "33"))\n"
      }
      text += "    \(Self.places(difference))\n"
      if let command = command(of: number) { text += "    \(paint(command, "2"))\n" }
    }
    if !report.doubts.isEmpty || !report.isWhole {
      text += "\(paint("cannot decide", "1"))\n"
      for doubt in report.doubts {
        text += "  \(Self.headline(doubt.difference, paint))\n"
        text += "    \(Self.places(doubt.difference))\n"
        text += "    \(Self.tried(doubt))\n"
      }
      if !report.isWhole {
        text += "  the conditions have more cases than are looked at; the rest may differ\n"
      }
    }
    for name in report.renamed { text += "note: \(name)\n" }
    return text + paint(totals, "1") + "\n"
  }

  private static func tried(_ doubt: DiffReport.Doubt) -> String {
    switch doubt.tried {
    case 0: "no request was found that meets it"
    case 1: "one request was traced, and does not show it"
    default: "\(doubt.tried) requests were traced, and none shows it"
    }
  }

  private static func headline(
    _ difference: Difference,
    _ paint: (String, String) -> String
  ) -> String {
    let subject = difference.aspect.subject
    let name = difference.setting.map { "\(subject): \($0)" } ?? subject
    let old = paint(difference.old?.text ?? "", "31")
    let new = paint(difference.new?.text ?? "", "32")
    return switch difference.kind {
    case .changed: "\(name)  \(old) → \(new)"
    case .added: "\(name)  added: \(new)"
    case .removed: "\(name)  removed: \(old)"
    case .renamed: "\(name)  renamed: \(old) → \(new)"
    }
  }

  private static func places(_ difference: Difference) -> String {
    let places = [difference.old?.place, difference.new?.place].compactMap(\.self)
      .map(\.description)
    return "at \(places.joined(separator: " → "))"
  }

  private var totals: String {
    let changes = report.changes.count
    let counted = "\(changes) change\(changes == 1 ? "" : "s")"
    let doubts = report.doubts.count + (report.isWhole ? 0 : 1)
    switch report.verdict {
    case .same: return "no change: every request is treated alike"
    case .changed: return doubts == 0 ? counted : "\(counted), and \(doubts) that cannot be decided"
    case .undecided: return "cannot decide: no change was shown, and none ruled out"
    }
  }

  // MARK: for programs

  var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("old", old)
    writer.member("new", new)
    writer.member("verdict", report.verdict.rawValue)
    writer.key("is_whole")
    writer.bool(report.isWhole)
    writer.key("changes")
    writer.beginArray()
    for (number, change) in report.changes.enumerated() {
      writer.beginObject()
      write(change.difference, to: &writer)
      writer.key("witness")
      if let witness = change.witness, let command = command(of: number) {
        writer.beginObject()
        writer.key("request")
        writer.raw(witness.body)
        writer.member("arguments", witness.arguments)
        writer.member("command", command)
        writer.endObject()
      } else {
        writer.null()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.key("undecided")
    writer.beginArray()
    for doubt in report.doubts {
      writer.beginObject()
      write(doubt.difference, to: &writer)
      writer.member("traced", doubt.tried)
      writer.endObject()
    }
    writer.endArray()
    writer.member("notes", report.renamed)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }

  private func write(_ difference: Difference, to writer: inout JSONWriter) {
    writer.member("group", difference.aspect.group.rawValue)
    writer.member("subject", difference.aspect.subject)
    writer.key("setting")
    if let setting = difference.setting { writer.string(setting) } else { writer.null() }
    writer.member("kind", difference.kind.rawValue)
    for (name, fact) in [("old", difference.old), ("new", difference.new)] {
      writer.key(name)
      guard let fact else {
        writer.null()
        continue
      }
      writer.beginObject()
      writer.member("value", fact.text)
      writer.member("file", fact.place.file)
      writer.member("line", fact.place.line)
      writer.member("column", fact.place.column)
      writer.endObject()
    }
    if let consequence = difference.consequence { writer.member("consequence", consequence) }
  }
}
