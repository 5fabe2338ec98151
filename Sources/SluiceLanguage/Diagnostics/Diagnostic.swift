/// A finding about a policy, for its author.
///
/// Made by the named constructors of the catalogue (`Diagnostic+YAML.swift` and its neighbours),
/// so that every wording stands there and a check reads as a sentence. Texts are in the author's
/// vocabulary: lower case, no full stop, names in backticks; the help says what to type.
package struct Diagnostic: Hashable, Sendable {
  package enum Severity: Int, Hashable, Sendable, Comparable {
    case note
    case warning
    case error

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// A second place with a few words of its own, perhaps in another file.
  package struct Label: Hashable, Sendable {
    package var span: SourceSpan
    package var text: String

    package init(_ text: String, at span: SourceSpan) {
      self.span = span
      self.text = text
    }
  }

  /// A replacement of bytes that a tool may apply without asking.
  package struct Edit: Hashable, Sendable {
    package var span: SourceSpan
    package var replacement: String

    package init(_ span: SourceSpan, _ replacement: String) {
      self.span = span
      self.replacement = replacement
    }
  }

  package var code: DiagnosticCode
  package var severity: Severity
  package var message: String
  /// The place that is wrong.
  package var span: SourceSpan
  /// What stands beside the caret.
  package var label: String?
  package var seconds: [Label]
  package var notes: [String]
  package var help: String?
  /// Edits that together mend it; empty if none is safe.
  package var fix: [Edit]
  /// Where something is missing, if that is what is wrong; as the code says, unless told otherwise.
  package var absence: DiagnosticCode.Absence?

  package init(
    _ code: DiagnosticCode,
    _ severity: Severity,
    _ message: String,
    at span: SourceSpan,
    label: String? = nil,
    seconds: [Label] = [],
    notes: [String] = [],
    help: String? = nil,
    fix: [Edit] = []
  ) {
    self.code = code
    self.severity = severity
    self.message = message
    self.span = span
    self.label = label
    self.seconds = seconds
    self.notes = notes
    self.help = help
    self.fix = fix
    absence = code.absence
  }

  /// An error.
  package init(
    _ code: DiagnosticCode,
    _ message: String,
    at span: SourceSpan,
    label: String? = nil,
    seconds: [Label] = [],
    notes: [String] = [],
    help: String? = nil,
    fix: [Edit] = []
  ) {
    self.init(
      code,
      .error,
      message,
      at: span,
      label: label,
      seconds: seconds,
      notes: notes,
      help: help,
      fix: fix
    )
  }
}

extension Diagnostic {
  /// The finding with a label where the value is used, if it came through an alias.
  ///
  /// The primary place stays where the value is written: that is what has to change.
  package func used(through alias: SourceSpan?) -> Diagnostic {
    guard let alias else { return self }
    var finding = self
    finding.seconds.append(Label("used here", at: alias))
    return finding
  }
}

extension Diagnostic.Severity: CustomStringConvertible {
  package var description: String {
    switch self {
    case .error: "error"
    case .warning: "warning"
    case .note: "note"
    }
  }
}
