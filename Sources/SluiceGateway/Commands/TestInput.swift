package import SluiceCompiler
package import SluiceLanguage
package import SluicePipeline
package import SluicePolicy
import SluiceSemantics

/// What `sluice test` runs: a compiled bundle with its cases, and what counts its tokens.
package struct TestInput: Sendable {
  package enum Loaded: Sendable {
    case ready(TestInput)
    /// There is nothing to run, and this is why.
    case refused(CommandAnswer)
  }

  package let policy: Policy
  package let compiled: Compilation
  /// Counts prompts; `nil` where the policy asks for no count.
  package let counter: (any TokenCounter)?
  /// Count for the models that name a tokenizer.
  package let tokenizers: any Tokenizers
  /// What places in the files point into.
  package var bundle: Bundle { compiled.bundle }

  /// Reads and compiles a bundle.
  ///
  /// - Parameters:
  ///   - paths: folders and files of one bundle.
  ///   - environment: says where the tables of tokens lie, among others.
  ///   - style: of findings.
  /// - Returns: what can be run, or what there is to say instead.
  package static func load(
    _ paths: [String],
    environment: [String: String],
    style: FindingsStyle
  ) -> Loaded {
    if let refusal = BundlePath.objection(to: paths) { return .refused(CommandAnswer(refusal)) }
    let (bundle, found) = BundleReader.load(paths: paths)
    let compiled = Compiler.compile(bundle, after: found, withTests: true)
    guard let policy = compiled.policy else {
      return .refused(refusal(compiled.findings, of: compiled.bundle, style))
    }
    let counters = TokenCounters.of(environment: environment)
    do throws(TokenTableError) {
      let counter = policy.countsTokens ? try counters.counter(for: .cl100k) : nil
      for tokenizer in Set(policy.models.compactMap(\.tokenizer)) {
        _ = try counters.counter(for: tokenizer)
      }
      return .ready(
        TestInput(
          policy: policy,
          compiled: compiled,
          counter: counter,
          tokenizers: FoundTokenizers(counters: counters) { _ in }
        )
      )
    } catch {
      return .refused(CommandAnswer(Refusal("\(error)")))
    }
  }

  /// What is printed where findings keep cases from being run.
  package static func refusal(
    _ findings: Findings,
    of bundle: Bundle,
    _ style: FindingsStyle
  ) -> CommandAnswer {
    CommandAnswer(
      notes: findings.rendered(as: .human, of: bundle, style: style),
      status: .errors
    )
  }
}
