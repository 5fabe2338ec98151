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

  /// The lines of a file that change, in the form of `diff -U0`.
  static func diff(_ old: SourceText, _ new: SourceText) -> String {
    func lines(_ text: SourceText) -> [String] {
      text.text(in: 0..<text.bytes.count)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    let (before, after) = (lines(old), lines(new))
    var text = "--- \(old.path)\n+++ \(old.path)\n"
    // Edits stay within lines, or change how many there are once.
    let head = zip(before, after).prefix { $0 == $1 }.count
    guard before.count == after.count else {
      let tail = zip(before.dropFirst(head).reversed(), after.dropFirst(head).reversed())
        .prefix { $0 == $1 }.count
      let (removed, added) = (before[head..<before.count - tail], after[head..<after.count - tail])
      text += "@@ -\(head + 1),\(removed.count) +\(head + 1),\(added.count) @@\n"
      for line in removed { text += "-\(line)\n" }
      for line in added { text += "+\(line)\n" }
      return text
    }
    for (index, (line, other)) in zip(before, after).enumerated() where line != other {
      text += "@@ -\(index + 1) +\(index + 1) @@\n-\(line)\n+\(other)\n"
    }
    return text
  }
}
