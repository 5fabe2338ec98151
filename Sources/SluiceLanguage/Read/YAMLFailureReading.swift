/// Says in the author's words why libyaml gave up.
///
/// libyaml tells where it was surprised, seldom what is wrong; the line around that place mostly
/// shows which of a dozen habits is behind it.
struct YAMLFailureReading {
  let text: SourceText
  let source: SourceID

  /// `offset`: where libyaml stopped; `context`: where the thing began that it was reading.
  func finding(_ failure: YAMLFailure, at offset: Int, from context: Int) -> Diagnostic {
    let here = mark(offset)
    if byte(at: offset) == 0x09 || failure.problem.contains("tab character") {
      return .tabIndentation(at: here)
    }
    if let split = split(failure, at: offset) { return split }
    if let unclosed = unclosed(failure, at: offset, from: context) { return unclosed }
    return grammar(failure, at: offset, from: context)
  }

  /// An expression that YAML took apart.
  private func split(_ failure: YAMLFailure, at offset: Int) -> Diagnostic? {
    guard !failure.context.contains("quoted scalar"),
      let value = ValueOnLine(around: offset, in: text)
    else { return nil }
    let first = text.bytes[value.range.lowerBound]
    let isFlow = failure.context.contains("flow")
    let sign: String
    if "!*&@%`|>".utf8.contains(first) {
      sign = "the leading `\(Unicode.Scalar(first))`"
    } else if offset == value.range.lowerBound
      || isFlow && (byte(at: offset) == nil || ",}]\n\r".utf8.contains(text.bytes[offset]))
      || !isFlow && failure.problem.contains("node content")
    {
      // An entry or a bracket that is missing is no expression.
      return nil
    } else if value.isExpression || !isFlow && failure.problem.contains("mapping values") {
      sign =
        if !isFlow, "\"'[{".utf8.contains(first) {
          "the leading `\(Unicode.Scalar(first))`"
        } else if let byte = byte(at: offset), byte > 0x20, byte < 0x7F {
          "`\(Unicode.Scalar(byte))`"
        } else {
          "a sign"
        }
    } else {
      return nil
    }
    return .expressionSplit(
      by: sign,
      quoted: isApostrophe(offset, in: value) ? value.requoted : value.quoted,
      at: SourceSpan(source: source, start: value.range.lowerBound, end: value.range.upperBound)
    )
  }

  /// Whether a letter follows a quote at once, as in `'it's'`.
  private func isApostrophe(_ offset: Int, in value: ValueOnLine) -> Bool {
    guard offset - 1 > value.range.lowerBound, let byte = byte(at: offset) else { return false }
    let first = text.bytes[value.range.lowerBound]
    guard first == UInt8(ascii: "'") || first == UInt8(ascii: "\"") else { return false }
    let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    return isLetter && text.bytes[offset - 1] == first
      && text.bytes[value.range.upperBound - 1] == first
  }

  /// A quote or a bracket that is never closed.
  private func unclosed(
    _ failure: YAMLFailure,
    at offset: Int,
    from context: Int
  ) -> Diagnostic? {
    if failure.context.contains("quoted scalar"), failure.problem.contains("unexpected") {
      return .yamlSyntax(
        "a quoted text has no closing quote",
        at: mark(context),
        label: "opened here",
        help: "close it on the same line"
      )
    }
    guard failure.context.contains("flow"), let opener = byte(at: context) else { return nil }
    let closer = opener == UInt8(ascii: "{") ? "}" : "]"
    let found = byte(at: offset)
    if failure.problem.contains("node content"), found != nil {
      return .yamlSyntax(
        "an entry is missing before this",
        at: mark(offset),
        help: "remove the comma, or write the entry"
      )
    }
    guard found == nil || isCloser(found) || isOutside(offset, context) else {
      return .yamlSyntax(
        "a comma or `\(closer)` is missing here",
        at: mark(offset),
        seconds: [.init("inside this", at: mark(context))],
        help: "put a comma between two entries, or quotes around a text that holds `: , [ ] { }`"
      )
    }
    return .yamlSyntax(
      "`\(Unicode.Scalar(opener))` is never closed",
      at: mark(context),
      label: "opened here",
      seconds: found == nil
        ? [] : [.init("`\(closer)` was expected before this", at: mark(offset))],
      help: "close it with `\(closer)`"
    )
  }

  private func grammar(
    _ failure: YAMLFailure,
    at offset: Int,
    from context: Int
  ) -> Diagnostic {
    let here = mark(offset)
    let problem = failure.problem
    if problem.contains("unknown escape") {
      return .yamlSyntax(
        "in double quotes `\\` begins an escape, and this one does not exist",
        at: here,
        help: "use single quotes, or write `\\\\` for a backslash"
      )
    }
    if problem.contains("hexdecimal number") {
      return .yamlSyntax(
        "in double quotes `\\x`, `\\u` and `\\U` need 2, 4 and 8 hexadecimal digits",
        at: here,
        help: "use single quotes, or write `\\\\` for a backslash"
      )
    }
    if problem.contains("directive") || problem.contains("incompatible YAML document") {
      return .yamlDirective(at: lineSpan(at: offset))
    }
    if problem.contains("<document start>") {
      return .yamlSyntax(
        "a second value begins here; a file holds one map",
        at: lineSpan(at: offset),
        help: "begin every line of the map with `key:`, indented alike"
      )
    }
    if problem.contains("could not find expected ':'") {
      return .yamlSyntax(
        "this line has no `:`",
        at: lineSpan(at: context),
        help: "write `key: value`; a text over several lines goes in a `|` block"
      )
    }
    if problem.contains("mapping values are not allowed") {
      return .yamlSyntax(
        "a key cannot stand here: the value above it is already complete",
        at: lineSpan(at: offset),
        help: "indent it like its sisters, or let the line above end in `:`"
      )
    }
    if problem.contains("block sequence entries are not allowed") {
      return .yamlSyntax(
        "a list item cannot stand here",
        at: here,
        help: "begin `- ` on a line of its own, or write the list as `[a, b]`"
      )
    }
    if problem.contains("did not find expected key") || problem.contains("'-' indicator") {
      return .yamlSyntax(
        "this line fits neither the list nor the map above it",
        at: lineSpan(at: offset),
        seconds: context == offset ? [] : [.init("which began here", at: mark(context))],
        help: "indent it like its sisters"
      )
    }
    if problem.contains("cannot start any token") || problem.contains("node content") {
      let sign = byte(at: offset).map { "`\(Unicode.Scalar($0))`" } ?? "this sign"
      return .yamlSyntax(
        "a value cannot begin with \(sign)",
        at: here,
        help: "put the value in quotes"
      )
    }
    if problem.contains("control characters are not allowed") {
      return .controlCharacter(UInt32(byte(at: offset) ?? 0), at: here)
    }
    return .yamlSyntax(
      "this is not YAML: \(problem)",
      at: here,
      help: "check the indentation and the quotes of this line and the one above"
    )
  }

  private func byte(at offset: Int) -> UInt8? {
    offset < text.bytes.count ? text.bytes[offset] : nil
  }

  private func isCloser(_ byte: UInt8?) -> Bool {
    byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
  }

  /// Whether a line is indented no deeper than the one on which a collection was opened.
  private func isOutside(_ offset: Int, _ opener: Int) -> Bool {
    let line = lineSpan(at: offset)
    let openerLine = lineSpan(at: opener)
    guard line.start > openerLine.start else { return false }
    return text.position(at: line.start).column <= text.position(at: openerLine.start).column
  }

  /// The character at an offset, or nothing at the end of its line.
  private func mark(_ offset: Int) -> SourceSpan {
    var end = offset
    if let first = byte(at: offset), first != 0x0A, first != 0x0D {
      end += 1
      while let next = byte(at: end), next & 0xC0 == 0x80 { end += 1 }
    }
    return SourceSpan(source: source, start: min(offset, text.bytes.count), end: end)
  }

  /// The line of an offset without its indentation.
  private func lineSpan(at offset: Int) -> SourceSpan {
    let line = text.lineRange(at: offset)
    var start = line.lowerBound
    while start < line.upperBound, text.bytes[start] == 0x20 { start += 1 }
    return SourceSpan(source: source, start: start, end: line.upperBound)
  }
}
