import SluiceCore

/// The comments `# sluice:allow CODE "reason"` of a bundle, and what they silence.
///
/// A comment at the end of a line allows findings on that line; one on lines of its own allows them
/// on the next line that holds something.
struct AllowComments {
  struct Allow {
    var span: SourceSpan
    var code: DiagnosticCode?
    /// Where the line begins and ends that it is about.
    var line: Range<Int>
    /// What is wrong with it.
    var problem: Diagnostic?

    func covers(_ finding: Diagnostic) -> Bool {
      finding.code == code && finding.span.source == span.source
        && line.lowerBound <= finding.span.start && finding.span.start <= line.upperBound
    }
  }

  private(set) var all: [Allow] = []

  init(_ documents: [YAMLDocument], of bundle: Bundle) {
    for document in documents {
      let text = bundle[document.source]
      guard Self.mentions(text.bytes) else { continue }
      var scalars: [Range<Int>] = []
      Self.gather(document.root, &scalars)
      let ranges = scalars.sorted { $0.lowerBound < $1.lowerBound }
      for comment in SourceComments.find(in: text, past: ranges) {
        guard let allow = Self.allow(comment, text, document.source) else { continue }
        guard all.count < Bounds.keptDiagnostics else { return }
        all.append(allow)
      }
    }
  }

  var isEmpty: Bool { all.isEmpty }

  func index(for finding: Diagnostic) -> Int? { all.firstIndex { $0.covers(finding) } }

  private static let word = Array("sluice:allow".utf8)

  private static func mentions(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= word.count else { return false }
    var index = 0
    while index + word.count <= bytes.count {
      if bytes[index] == word[0], bytes[index..<index + word.count].elementsEqual(word) {
        return true
      }
      index += 1
    }
    return false
  }

  private static func gather(_ node: YAMLNode, _ scalars: inout [Range<Int>]) {
    // Behind an alias stands what was gathered where it is written.
    guard node.aliasSpan == nil else { return }
    switch node.content {
    case .null: break
    case .scalar(let scalar): scalars.append(scalar.span.range)
    case .sequence(let items): for item in items { gather(item, &scalars) }
    case .mapping(let mapping):
      for entry in mapping.entries {
        scalars.append(entry.keySpan.range)
        gather(entry.value, &scalars)
      }
    }
  }

  private static func allow(
    _ comment: Range<Int>,
    _ text: SourceText,
    _ source: SourceID
  ) -> Allow? {
    let words = text.text(in: comment).dropFirst().drop { $0 == " " || $0 == "\t" }
    guard words.hasPrefix("sluice:allow") else { return nil }
    let span = SourceSpan(source: source, start: comment.lowerBound, end: comment.upperBound)
    let rest = words.dropFirst("sluice:allow".count).drop { $0 == " " }
    let id = rest.prefix { $0 != " " && $0 != "\t" }
    var allow = Allow(span: span, code: DiagnosticCode(id: id), line: line(of: comment, text))
    let reason = rest.dropFirst(id.count).filter { $0 != "\"" && !$0.isWhitespace }
    if allow.code == nil {
      allow.problem = .badAllow("`\(Wording.short(String(id)))` is no code", at: span)
    } else if reason.isEmpty {
      allow.problem = .badAllow("it gives no reason", at: span)
      allow.code = nil
    }
    return allow
  }

  /// The line that a comment is about.
  private static func line(of comment: Range<Int>, _ text: SourceText) -> Range<Int> {
    var line = text.lineRange(at: comment.lowerBound)
    func isBlank(_ range: Range<Int>) -> Bool {
      let words = text.bytes[range].drop { $0 == 0x20 || $0 == 0x09 }
      return words.isEmpty || words.first == UInt8(ascii: "#")
    }
    guard isBlank(line) else { return line }
    var number = text.position(at: comment.lowerBound).line
    while isBlank(line), number < text.lineCount {
      number += 1
      line = text.range(ofLine: number)
    }
    return line
  }
}

extension Diagnostic {
  static func badAllow(_ reason: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .badAllow,
      .warning,
      "this comment allows nothing: \(reason)",
      at: span,
      help: "write `# sluice:allow SL0102 \"why it is right here\"`"
    )
  }

  static func unusedAllow(_ code: DiagnosticCode, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .unusedAllow,
      .warning,
      "there is no \(code.id) here to allow",
      at: span,
      help: "remove the comment"
    )
  }

  static func allowOfError(_ code: DiagnosticCode, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .allowOfError,
      .warning,
      "\(code.id) is an error here, and errors cannot be allowed",
      at: span,
      help: "mend what it says"
    )
  }
}
