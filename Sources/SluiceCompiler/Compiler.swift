import SluiceExpressions
package import SluiceLanguage
package import SluicePipeline
package import SluicePolicy
import SluiceStages

/// From a bundle to a running policy: the one path that start-up, reload, `lint`, `graph`, `trace`
/// and the admin listener all take.
///
/// Two steps, with the checked policy between them. `compile` may complain to the author, `lower`
/// cannot fail: what a policy says by then is known to make sense.
package enum Compiler {
  /// Reads and checks a bundle.
  ///
  /// Pure: needs no secret, no store and no network. Blocks for as long as it computes; call it off
  /// the loops.
  ///
  /// - Parameters:
  ///   - bundle: the files.
  ///   - overrides: what flags say in place of the files, so that the checks see what will run.
  ///   - surroundings: what no file says, and evidence is held against.
  ///   - earlier: what loading the files found.
  ///   - lints: which warnings and notes are told.
  ///   - withTests: whether files of tests are bound too, and their mistakes told.
  /// - Returns: the policy, if it has no errors, and everything there is to say about it.
  package static func compile(
    _ bundle: Bundle,
    overrides: PolicyOverrides = PolicyOverrides(),
    in surroundings: Surroundings = Surroundings(),
    after earlier: Findings = Findings(),
    lints: LintSelection = .standard,
    withTests: Bool = false
  ) -> Compilation {
    let checked = Language.check(
      bundle,
      overrides: overrides,
      in: surroundings,
      after: earlier,
      lints: lints,
      withTests: withTests
    )
    return Compilation(
      policy: checked.policy,
      tests: checked.tests,
      findings: checked.findings,
      bundle: checked.bundle,
      hash: BundleHash.hex(of: bundle)
    )
  }

  /// Lowers a checked policy to the graph that runs it, as the generation of that number.
  package static func lower(
    _ policy: Policy,
    hash: String,
    number: UInt64,
    ports: Ports
  ) -> Generation {
    Generation(
      number: number,
      hash: hash,
      policy: policy,
      graph: Lowering(policy, ports).graph(),
      features: policy.features.map { $0.value.checked.program() },
      states: GatewayStates(policy, breakers: ports.breakers, ledger: ports.ledger),
      tokens: ports.tokens,
      metrics: ports.metrics
    )
  }
}

/// What a bundle compiled to.
package struct Compilation: Sendable {
  /// `nil` exactly if there are errors among the findings.
  package let policy: Policy?
  /// The cases of its files of tests, if they were asked for.
  package let tests: TestSuite
  package var findings: Findings
  /// What the spans of the findings point into.
  package let bundle: Bundle
  /// The SHA-256 of the files, names included: 64 hexadecimal digits.
  package let hash: String
}
