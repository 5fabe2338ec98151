import SluiceCompiler
import SluiceLanguage

/// Mends a bundle by the safe fixes of its findings.
struct LintFixer {
  let lints: LintSelection

  /// Further runs for what a fix brings to light.
  private static let rounds = 8

  /// The bundle as it was loaded, mended; and which files that changed.
  ///
  /// A file is only changed if the findings are fewer for it, errors first; else it stays as it was.
  func mend(_ bundle: Bundle, _ found: Findings) -> (bundle: Bundle, changed: [SourceID]) {
    var current = bundle
    var changed: Set<SourceID> = []
    var compiled = Compiler.compile(current, after: found, lints: lints)
    for _ in 0..<Self.rounds {
      let files = SafeFixes.edited(current, by: compiled.findings.shown)
      var isBetter = false
      for (source, bytes) in files.sorted(by: { $0.key < $1.key }) {
        let candidate = current.replacing(source, with: bytes)
        let next = Compiler.compile(candidate, after: found, lints: lints)
        guard Self.weight(next.findings) < Self.weight(compiled.findings) else { continue }
        // Spans of the other files still hold: only this one changed.
        current = candidate
        compiled = next
        changed.insert(source)
        isBetter = true
      }
      if !isBetter { break }
    }
    return (current, changed.sorted())
  }

  private static func weight(_ findings: Findings) -> (Int, Int, Int) {
    (findings.count(of: .error), findings.count(of: .warning), findings.count(of: .note))
  }
}
