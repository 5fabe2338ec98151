import SluiceCore

/// Findings for people: each with its lines, the place underlined, and what to do.
struct HumanRenderer {
  let bundle: Bundle
  let style: FindingsStyle
  private var paint: Paint { Paint(isOn: style.hasColor) }

  init(bundle: Bundle, style: FindingsStyle) {
    self.bundle = bundle
    self.style = style
  }

  func render(_ findings: Findings) -> String {
    let shown = findings.shown
    guard !shown.isEmpty else { return "" }
    let masked = shown.filter { $0.code.hidesValue }.map(\.span)
    var blocks = shown.map { block(of: $0, masked: masked) }
    var last = findings.totals
    if findings.omitted > 0 { last += " (\(findings.omitted) not shown)" }
    blocks.append(paint(last, .strong) + "\n")
    return blocks.joined(separator: "\n")
  }

  /// The line of a place, with the place underlined and a few words beside it.
  func excerpt(at span: SourceSpan, label: String?) -> String {
    let mark = Mark(span: span, text: label, isPrimary: true)
    let number = bundle[span.source].position(at: span.start).line
    let group = Group(
      source: span.source,
      span: span,
      lines: [Line(number: number, marks: [mark])]
    )
    let gutter = String(number).count
    let margin = String(repeating: " ", count: gutter)
    return "\(margin)\(paint("-->", .frame)) \(place(of: group))\n\(margin) \(paint("|", .frame))\n"
      + snippet(group, .error, masked: [], gutter: gutter)
  }

  private func block(of finding: Diagnostic, masked: [SourceSpan]) -> String {
    let groups = self.groups(of: finding)
    let gutter = String(groups.flatMap(\.lines).map(\.number).max() ?? 0).count
    let margin = String(repeating: " ", count: gutter)
    let bar = paint("|", .frame)
    var text = paint("\(finding.severity)[\(finding.code.id)]", finding.severity.ink)
    text += paint(": " + TerminalText.plain(finding.message), .strong) + "\n"
    for (index, group) in groups.enumerated() {
      text += margin + paint(index == 0 ? "-->" : ":::", .frame) + " " + place(of: group) + "\n"
      guard !group.lines.isEmpty else { continue }
      text += "\(margin) \(bar)\n"
      text += snippet(group, finding.severity, masked: masked, gutter: gutter)
    }
    if !groups.allSatisfy(\.lines.isEmpty) { text += "\(margin) \(bar)\n" }
    for note in finding.notes { text += remark("note", .strong, note, margin) }
    if let help = finding.help { text += remark("help", .help, help, margin) }
    text += remark("explain", .strong, "sluice explain \(finding.code.id)", margin)
    return text
  }

  /// `   = note: …`, wrapped at the width with the text aligned.
  private func remark(_ name: String, _ ink: Paint.Ink, _ text: String, _ margin: String) -> String
  {
    let indent = margin.count + 3 + name.count + 2
    let lines = wrapped(TerminalText.plain(text), at: style.width - indent)
    let hanging = "\n" + String(repeating: " ", count: indent)
    let head = "\(margin) \(paint("=", .frame)) \(paint(name, ink)): "
    return head + lines.joined(separator: hanging) + "\n"
  }

  /// Breaks at spaces, but never inside a value in quotes or backticks, which people copy.
  private func wrapped(_ text: String, at width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in words(of: text) {
      if !line.isEmpty, TerminalText.width(of: line) + 1 + TerminalText.width(of: word) > width {
        lines.append(line)
        line = word
      } else {
        line += line.isEmpty ? word : " " + word
      }
    }
    return lines + [line]
  }

  private func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in text {
      if character == "`" { isQuoted.toggle() }
      if character == " ", !isQuoted {
        words.append(word)
        word = ""
      } else {
        word.append(character)
      }
    }
    return words + [word]
  }
}

// The lines of a finding.
extension HumanRenderer {
  /// What is to be shown of one file.
  private struct Group {
    var source: SourceID
    /// What the arrow names.
    var span: SourceSpan
    var lines: [Line] = []
  }

  private struct Line {
    var number: Int
    var marks: [Mark]
  }

  private struct Mark {
    var span: SourceSpan
    var text: String?
    var isPrimary: Bool
  }

  private func groups(of finding: Diagnostic) -> [Group] {
    var marks = [Mark(span: finding.span, text: finding.label, isPrimary: true)]
    marks += finding.seconds.map { Mark(span: $0.span, text: $0.text, isPrimary: false) }
    var groups: [Group] = []
    for mark in marks {
      let index: Int
      if let known = groups.firstIndex(where: { $0.source == mark.span.source }) {
        index = known
      } else {
        index = groups.count
        groups.append(Group(source: mark.span.source, span: mark.span))
      }
      guard bundle[mark.span.source].isText else { continue }
      let number = bundle[mark.span.source].position(at: mark.span.start).line
      if let line = groups[index].lines.firstIndex(where: { $0.number == number }) {
        groups[index].lines[line].marks.append(mark)
      } else {
        groups[index].lines.append(Line(number: number, marks: [mark]))
      }
    }
    for index in groups.indices { groups[index].lines.sort { $0.number < $1.number } }
    return groups
  }

  private func place(of group: Group) -> String {
    let source = bundle[group.source]
    let path = TerminalText.plain(source.path)
    guard source.isText else { return path }
    let position = source.position(at: group.span.start)
    return "\(path):\(position.line):\(position.column)"
  }

  private func snippet(
    _ group: Group,
    _ severity: Diagnostic.Severity,
    masked: [SourceSpan],
    gutter: Int
  ) -> String {
    var text = ""
    var previous: Int?
    for line in group.lines {
      if let previous {
        if line.number == previous + 2 {
          let between = Line(number: previous + 1, marks: [])
          text += rows(between, of: group.source, severity, masked: masked, gutter: gutter)
        } else if line.number > previous + 2 {
          text += paint("...", .frame) + "\n"
        }
      }
      text += rows(line, of: group.source, severity, masked: masked, gutter: gutter)
      previous = line.number
    }
    return text
  }

  /// The line itself, and a row of underlining for each mark.
  private func rows(
    _ line: Line,
    of source: SourceID,
    _ severity: Diagnostic.Severity,
    masked: [SourceSpan],
    gutter: Int
  ) -> String {
    let file = bundle[source]
    let whole = file.range(ofLine: line.number)
    let focus = (line.marks.first { $0.isPrimary } ?? line.marks.first)?.span.range ?? whole
    let range = near(focus, in: whole, of: file)
    let shown = SnippetLine(
      range,
      of: file,
      focus: focus,
      masked: masks(masked, source, range),
      width: max(20, style.width - gutter - 3)
    )
    let number = String(line.number)
    let bar = paint("|", .frame)
    let padding = String(repeating: " ", count: gutter - number.count)
    var text = padding + paint(number, .frame) + " \(bar)"
    text += shown.text.isEmpty ? "\n" : " \(shown.text)\n"
    for mark in line.marks {
      let columns = shown.columns(
        of: mark.span.range.clamped(to: range.lowerBound..<range.upperBound)
      )
      let sign = String(repeating: mark.isPrimary ? "^" : "-", count: columns.count)
      let label = mark.text.map { " " + TerminalText.plain($0) } ?? ""
      text += String(repeating: " ", count: gutter) + " \(bar) "
      text += String(repeating: " ", count: columns.lowerBound)
      text += paint(sign + label, mark.isPrimary ? severity.ink : .frame) + "\n"
    }
    return text
  }

  /// The part of a very long line that is looked at, cut between characters.
  private func near(_ focus: Range<Int>, in line: Range<Int>, of file: SourceText) -> Range<Int> {
    guard line.count > 2 * Bounds.snippetBytes else { return line }
    var start = max(line.lowerBound, focus.lowerBound - Bounds.snippetBytes)
    var end = min(line.upperBound, focus.lowerBound + Bounds.snippetBytes)
    while start < line.upperBound, file.bytes[start] & 0xC0 == 0x80 { start += 1 }
    while end < line.upperBound, file.bytes[end] & 0xC0 == 0x80 { end += 1 }
    return start..<max(start, end)
  }

  /// The bytes of a line that must not be shown.
  private func masks(
    _ masked: [SourceSpan],
    _ source: SourceID,
    _ range: Range<Int>
  ) -> [Range<Int>] {
    masked.filter { $0.source == source }.map(\.range)
      + SecretLikeness.ranges(in: bundle[source].bytes, range)
  }
}
