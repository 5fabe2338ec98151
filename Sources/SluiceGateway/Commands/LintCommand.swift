import SluiceCompiler
package import SluiceLanguage
import SluicePolicy
import SluiceReactor
import SluiceSemantics

/// `sluice lint`: everything that there is to say about a bundle.
package struct LintCommand: Sendable {
  package var paths: [String]
  package var format = FindingsFormat.human
  package var style = FindingsStyle()
  /// The least severity that counts as a failure.
  package var failLevel = Diagnostic.Severity.error

  /// Codes, beginnings of codes, or `all`; empty: all that are not of taste.
  package var select: [String] = []
  package var ignore: [String] = []
  package var fixes = Fixes.none
  /// Says where an encoder is looked for; `nil`: none is.
  package var environment: [String: String]?

  package enum Fixes: Sendable {
    case none
    /// Prints what would change.
    case shown
    /// Writes it, and lints what came out.
    case written
  }

  package init(paths: [String]) { self.paths = paths }

  package func run() -> CommandAnswer {
    if let refusal = BundlePath.objection(to: paths) { return CommandAnswer(refusal) }
    var lints = LintSelection()
    for (words, isSelected) in [(select, true), (ignore, false)] {
      for word in words.flatMap({ $0.split(separator: ",") }) {
        guard let codes = LintSelection.codes(String(word)) else {
          return CommandAnswer(
            Refusal("`\(word)` is no code; codes are like SL0201, SL02 or all", status: .usage)
          )
        }
        if isSelected {
          lints.selected = (lints.selected ?? []).union(codes)
        } else {
          lints.ignored.formUnion(codes)
        }
      }
    }
    let (bundle, found) = BundleReader.load(paths: paths)
    guard fixes != .none else {
      return answer(to: compile(bundle, found, lints))
    }
    let (mended, changed) = LintFixer(lints: lints).mend(bundle, found)
    if fixes == .shown {
      let diffs = changed.map { LintFixer.diff(bundle[$0], mended[$0]) }
      return CommandAnswer(output: diffs.joined())
    }
    for source in changed {
      do throws(IOFailure) {
        try Files.writeAtomically(mended[source].bytes, to: mended[source].path, mode: 0o644)
      } catch {
        return CommandAnswer(
          Refusal("cannot write `\(mended[source].path)`: \(error)", status: .couldNotRun)
        )
      }
    }
    var answer = answer(to: compile(mended, found, lints))
    answer.notes += changed.map { "fixed \(mended[$0].path)\n" }.joined()
    return answer
  }

  /// Compiles a bundle, and says besides what this machine lacks to serve it.
  private func compile(
    _ bundle: Bundle,
    _ found: Findings,
    _ lints: LintSelection
  ) -> Compilation {
    var compiled = Compiler.compile(bundle, after: found, lints: lints)
    if let environment, let policy = compiled.policy, policy.needsEncoder,
      let objection = SentenceEncoders.of(environment: environment).objection
    {
      compiled.findings.reportMissingEncoder(
        "\(objection)",
        of: policy,
        in: compiled.bundle,
        isRefused: false
      )
    }
    return compiled
  }

  /// What is printed for a compilation.
  func answer(to compiled: Compilation) -> CommandAnswer {
    let findings = compiled.findings
    var answer = CommandAnswer(
      output: findings.rendered(as: format, of: compiled.bundle, style: style)
    )
    let files = compiled.bundle.files.count { $0.isText }
    let totals =
      "\(paths.joined(separator: " ")): \(files) file\(files == 1 ? "" : "s"), \(findings.totals)\n"
    switch format {
    // With findings, the text for people ends with their totals.
    case .human: if answer.output.isEmpty { answer.output = totals }
    // Apart from the lines that programs read.
    case .short: answer.notes = totals
    case .json, .sarif, .github, .junit: break
    }
    if let gravest = findings.gravest, gravest >= failLevel { answer.status = .errors }
    return answer
  }
}
