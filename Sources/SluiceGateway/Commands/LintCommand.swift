import SluiceCompiler
package import SluiceLanguage

/// `sluice lint`: everything that there is to say about a bundle.
package struct LintCommand: Sendable {
  package var paths: [String]
  package var format = FindingsFormat.human
  package var style = FindingsStyle()
  /// The least severity that counts as a failure.
  package var failLevel = Diagnostic.Severity.error

  package init(paths: [String]) { self.paths = paths }

  package func run() -> CommandAnswer {
    if let refusal = BundlePath.objection(to: paths) { return CommandAnswer(refusal) }
    let (bundle, found) = BundleReader.load(paths: paths)
    return answer(to: Compiler.compile(bundle, after: found))
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
    case .json: break
    }
    if let gravest = findings.gravest, gravest >= failLevel { answer.status = .errors }
    return answer
  }
}
