import SluiceCore

/// Collects the findings of one run over one bundle.
///
/// All are gathered; what is printed is in reading order, each once, and at most
/// `Bounds.diagnostics` of them. Consequences are suppressed: what lies in a spoiled stretch, what
/// repeats a key, and what is said to be absent from where it may stand unread: from a file that
/// could be read only in part, or from a bundle that has such a file.
package struct Findings: Sendable {
  private var gathered: [Diagnostic] = []
  private var seen: Set<Seen> = []
  private var keys: Set<String> = []
  private var spoiled: [SourceSpan] = []
  /// What could be read only in part.
  private var partial: Set<SourceID> = []
  /// Findings that were counted but not kept, so that memory stays bounded.
  private var dropped: [Diagnostic.Severity: Int] = [:]

  private struct Seen: Hashable {
    var code: DiagnosticCode
    var span: SourceSpan
    /// Several keys may be missing at one place.
    var message: String
  }

  package init() {}

  /// Takes a finding, unless it repeats one or is the consequence of one.
  package mutating func report(_ finding: Diagnostic) {
    guard gathered.count < Bounds.keptDiagnostics else {
      dropped[finding.severity, default: 0] += 1
      return
    }
    guard !spoiled.contains(where: { $0.contains(finding.span) }) else { return }
    let sight = Seen(code: finding.code, span: finding.span, message: finding.message)
    guard seen.insert(sight).inserted else { return }
    gathered.append(finding.masked())
  }

  /// Takes a finding unless one was reported under the same key, such as `tier golld`.
  package mutating func report(_ finding: Diagnostic, once key: String) {
    guard keys.insert(key).inserted else { return }
    report(finding)
  }

  /// Drops later findings inside a stretch whose mistake has been told.
  package mutating func spoil(_ span: SourceSpan) {
    if spoiled.count < Bounds.keptDiagnostics { spoiled.append(span) }
  }

  /// Says that a file could be read only in part, so that absence from it proves nothing.
  package mutating func markIncomplete(_ source: SourceID) { partial.insert(source) }

  /// Takes over what another run over the same bundle found.
  package mutating func append(_ other: Findings) {
    for finding in other.gathered { report(finding) }
    for span in other.spoiled { spoil(span) }
    keys.formUnion(other.keys)
    partial.formUnion(other.partial)
    dropped.merge(other.dropped, uniquingKeysWith: +)
  }

  /// Drops the warnings and notes that are not wanted.
  mutating func select(_ lints: LintSelection) {
    gathered.removeAll { $0.severity != .error && !lints.includes($0.code) }
  }

  /// Drops the warnings and notes that a comment allows, and tells the comments that allow nothing.
  mutating func silence(_ allows: AllowComments, _ lints: LintSelection) {
    guard !allows.isEmpty else { return }
    // What is absent, or may be, where a file was read in part, has not been looked for.
    let isWhole = partial.isEmpty && !haveErrors
    var used: Set<Int> = []
    gathered.removeAll { finding in
      guard let index = allows.index(for: finding) else { return false }
      used.insert(index)
      return finding.severity != .error
    }
    for (index, allow) in allows.all.enumerated() {
      if let problem = allow.problem {
        report(problem)
      } else if let code = allow.code, !used.contains(index), isWhole, lints.includes(code) {
        report(.unusedAllow(code, at: allow.span))
      } else if used.contains(index), let code = allow.code,
        gathered.contains(where: { allow.covers($0) && $0.severity == .error })
      {
        report(.allowOfError(code, at: allow.span))
      }
    }
    gathered.removeAll { $0.severity != .error && !lints.includes($0.code) }
  }

  package var haveErrors: Bool { count(of: .error) > 0 }
  package var isEmpty: Bool { all.isEmpty && dropped.isEmpty }

  /// How many there are of a severity, printed or not.
  package func count(of severity: Diagnostic.Severity) -> Int {
    dropped[severity, default: 0] + all.count { $0.severity == severity }
  }

  /// The gravest severity; nil when there is nothing.
  package var gravest: Diagnostic.Severity? {
    (all.map(\.severity) + dropped.keys).max()
  }

  /// What to print: in reading order, at most `Bounds.diagnostics`.
  package var shown: [Diagnostic] { Array(all.sorted(by: Self.order).prefix(Bounds.diagnostics)) }

  /// How many are not in ``shown``.
  package var omitted: Int {
    all.count + dropped.values.reduce(0, +) - min(all.count, Bounds.diagnostics)
  }

  private var all: [Diagnostic] {
    guard !partial.isEmpty else { return gathered }
    let proved = gathered.filter { !mayBeConsequence($0) }
    return proved.isEmpty ? gathered : proved
  }

  /// Whether what is said to be absent may stand where nothing could be read.
  private func mayBeConsequence(_ finding: Diagnostic) -> Bool {
    switch finding.absence {
    case .file: partial.contains(finding.span.source)
    case .bundle: !partial.isEmpty
    case nil: false
    }
  }

  private static func order(_ left: Diagnostic, _ right: Diagnostic) -> Bool {
    if left.span != right.span { return left.span < right.span }
    if left.severity != right.severity { return left.severity > right.severity }
    if left.code != right.code { return left.code.rawValue < right.code.rawValue }
    return left.message < right.message
  }
}
