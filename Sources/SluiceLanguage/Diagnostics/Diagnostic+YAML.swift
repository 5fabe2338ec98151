import SluiceCore

/// What is wrong with the text of a file (SL00xx).
extension Diagnostic {
  package static func duplicateKey(
    _ key: String,
    in section: String?,
    at span: SourceSpan,
    first: SourceSpan
  ) -> Diagnostic {
    let place = section.map { " in `\(Wording.short($0))`" } ?? ""
    return Diagnostic(
      .duplicateKey,
      "key `\(Wording.short(key))` is given twice\(place)",
      at: span,
      label: "given again here",
      seconds: [Label("first given here", at: first)],
      notes: ["other readers of YAML keep the last silently"],
      help: "rename one, or merge the two"
    )
  }

  package static func unknownKey(
    _ key: String,
    in section: String,
    nearest: String?,
    allowed: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unknownKey,
      "unknown key `\(Wording.short(key))` in \(section)" + Wording.suggestion(nearest),
      at: span,
      notes: [Wording.list("allowed here", allowed.sorted())].compactMap(\.self),
      help: nearest.map { "write `\($0)`" },
      fix: nearest.map { [Edit(span, $0)] } ?? []
    )
  }

  /// An error where a boolean is wanted, else a warning.
  package static func yaml11Boolean(
    _ text: String,
    meaning: Bool,
    wantsBoolean: Bool,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .yaml11Boolean,
      wantsBoolean ? .error : .warning,
      "`\(text)` is text in YAML 1.2 but `\(meaning)` in YAML 1.1 tools",
      at: span,
      help: "write `\(meaning)`, or \"\(text)\" in quotes if you mean the word",
      fix: [Edit(span, wantsBoolean ? "\(meaning)" : "\"\(text)\"")]
    )
  }

  /// `reading`: what others take it for; `instead`: what to type, in backticks.
  package static func ambiguousNumber(
    _ text: String,
    reading: String,
    instead: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .ambiguousNumber,
      .warning,
      "`\(Wording.short(text))` \(reading)",
      at: span,
      help: "write \(instead), or \"\(Wording.short(text))\" in quotes if you mean the text"
    )
  }

  package static func durationWithoutUnit(
    _ key: String,
    _ text: String,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .durationWithoutUnit,
      "`\(key)` needs a unit; got the bare number \(text)",
      at: span,
      label: "seconds, or milliseconds?",
      help: "`\(text)s` or `\(text)ms`? pick one; units are ms, s, m, h, d"
    )
  }

  package static func yamlSyntax(
    _ message: String,
    at span: SourceSpan,
    label: String? = nil,
    seconds: [Label] = [],
    help: String
  ) -> Diagnostic {
    Diagnostic(.yamlSyntax, message, at: span, label: label, seconds: seconds, help: help)
  }

  package static func tabIndentation(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .tabIndentation,
      "a tab stands where YAML wants spaces",
      at: span,
      label: "a tab",
      help: "indent with spaces: two for each level"
    )
  }

  package static func notUTF8(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .notUTF8,
      "the file is not UTF-8 text",
      at: span,
      label: "the first byte that does not fit",
      help: "save it as UTF-8"
    )
  }

  package static func controlCharacter(_ scalar: UInt32, at span: SourceSpan) -> Diagnostic {
    let digits = String(scalar, radix: 16, uppercase: true)
    let hex = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return Diagnostic(
      .controlCharacter,
      "the file holds a control character or an invisible line break (U+\(hex))",
      at: span,
      help: "remove it; in a text in double quotes write `\\u\(hex)`"
    )
  }

  package static func nestingTooDeep(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .nestingTooDeep,
      "lists and maps are nested more than \(Bounds.yamlNesting) deep",
      at: span,
      label: "reading stops here",
      help: "no key of Sluice needs more than ten levels"
    )
  }

  package static func aliasesTooLarge(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .aliasesTooLarge,
      "aliases make this file larger than \(Bounds.yamlAliasNodes) extra values",
      at: span,
      label: "reading stops here",
      help: "write out what the aliases stand for, or use fewer"
    )
  }

  package static func unknownAnchor(
    _ name: String,
    isInsideItself: Bool,
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unknownAnchor,
      isInsideItself
        ? "alias `*\(name)` stands inside the value it names"
        : "no anchor `&\(name)` stands above alias `*\(name)`",
      at: span,
      help: "put `&\(name)` before a value further up in the same file; "
        + "if you mean text, quote it: \(Wording.quoted("*\(name)"))"
    )
  }

  package static func yamlTag(_ tag: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .yamlTag,
      "`\(Wording.short(tag))` is a YAML tag, and Sluice takes none",
      at: span,
      help: "remove the tag"
    )
  }

  package static func severalDocuments(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .severalDocuments,
      "a second document begins here; a file holds one",
      at: span,
      label: "what follows is not read",
      help: "put what follows `---` in a file of its own"
    )
  }

  package static func mergeKey(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .mergeKey,
      "merge key `<<` belongs to YAML 1.1; Sluice does not merge",
      at: span,
      help: "write the keys out"
    )
  }

  package static func keyNotText(_ kind: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .keyNotText,
      "a key must be text; this one is \(kind)",
      at: span,
      help: "write a name before the `:`; a name that YAML reads otherwise goes in quotes"
    )
  }

  /// `quoted`: the whole value as it has to be written.
  package static func expressionSplit(
    by sign: String,
    quoted: String,
    at span: SourceSpan,
    label: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .expressionSplit,
      "YAML takes \(sign) in this value for its own",
      at: span,
      label: label,
      help: "put the whole value in quotes: \(quoted)",
      fix: [Edit(span, quoted)]
    )
  }

  package static func fileTooLarge(bytes: Int, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .fileTooLarge,
      "the file has \(bytes) bytes; at most \(Bounds.policyFileBytes) are read",
      at: span,
      help: "split it: policy may stand in as many files as you like"
    )
  }

  package static func bundleTooLarge(_ what: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .bundleTooLarge,
      "the bundle has more than \(what)",
      at: span,
      label: "not read from here on",
      help: "is this the right folder?"
    )
  }

  package static func wrongExtension(_ path: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .wrongExtension,
      .warning,
      "`\(path)` is not read: policy files end in `.yaml`",
      at: span,
      help: "rename it to `.yaml`, or begin its name with a dot if it is not policy"
    )
  }

  package static func unreadableFile(_ reason: String, at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .unreadableFile,
      "cannot be read: \(reason)",
      at: span,
      help: "check the path and its permissions"
    )
  }

  package static func emptyBundle(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .emptyBundle,
      "no policy in this bundle",
      at: span,
      help: "add a file that ends in `.yaml` and begins with `sluice: v1`"
    )
  }

  package static func missingKind(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .missingKind,
      "the file does not say what it is",
      at: span,
      help: "let its first line be `sluice: v1`; a file that is no policy does not end in `.yaml`"
    )
  }

  package static func unknownKind(
    _ kind: String,
    nearest: String?,
    known: [String],
    at span: SourceSpan
  ) -> Diagnostic {
    Diagnostic(
      .unknownKind,
      "`\(Wording.short(kind))` is no kind of file that this version reads"
        + Wording.suggestion(nearest),
      at: span,
      notes: [Wording.list("known kinds", known)].compactMap(\.self),
      help: "begin the file with `\(nearest ?? known.first ?? "sluice: v1")`"
    )
  }

  package static func yamlDirective(at span: SourceSpan) -> Diagnostic {
    Diagnostic(
      .yamlDirective,
      "Sluice takes no YAML directives",
      at: span,
      help: "remove the line; files are read as YAML 1.2"
    )
  }
}
