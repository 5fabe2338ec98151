/// Applies the edits that findings carry.
package enum SafeFixes {
  /// The bytes of each file that edits change, all edits of one finding or none.
  ///
  /// Edits are applied from the end backwards, so that spans keep their meaning; what would touch an
  /// edit that is taken already is left for another run.
  package static func edited(_ bundle: Bundle, by findings: [Diagnostic]) -> [SourceID: [UInt8]] {
    var taken: [Diagnostic.Edit] = []
    for finding in findings where !finding.fix.isEmpty {
      let isFree = finding.fix.allSatisfy { edit in
        bundle[edit.span.source].isText && !taken.contains { overlap($0.span, edit.span) }
      }
      if isFree { taken += finding.fix }
    }
    var files: [SourceID: [UInt8]] = [:]
    for edit in taken.sorted(by: { $0.span > $1.span }) {
      let source = edit.span.source
      files[source, default: bundle[source].bytes]
        .replaceSubrange(edit.span.range, with: edit.replacement.utf8)
    }
    return files
  }

  private static func overlap(_ one: SourceSpan, _ other: SourceSpan) -> Bool {
    one.source == other.source && one.start <= other.end && other.start <= one.end
  }
}
