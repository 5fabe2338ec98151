package import SluiceCompiler
package import SluiceLanguage
package import SluicePipeline
package import SluicePolicy

/// What counts tokens in a run of cases.
package struct CaseTools: Sendable {
  /// Counts prompts; `nil` where the policy asks for no count and no table was found.
  package var counter: (any TokenCounter)?
  package var tokenizers: any Tokenizers

  package init(counter: (any TokenCounter)?, tokenizers: any Tokenizers = NoTokenizers()) {
    self.counter = counter
    self.tokenizers = tokenizers
  }

  /// Counts a token for every four bytes begun.
  package static let approximate = CaseTools(counter: ScriptedTokens())
}

/// Runs the cases of a compiled bundle, each on a gateway of its own, under virtual time.
///
/// The compiled graph decides; the stores are the real ones, in memory. One run is as another: time,
/// chance and the order of work come from a fixed seed. Blocks for as long as it computes.
package struct TestRunner {
  private let policy: Policy
  private let tests: TestSuite
  private let bundle: Bundle
  private let tools: CaseTools
  private let graph: Graph

  /// What is wrong with the cases beside what compilation found: nodes and exits that the graph does
  /// not have.
  package let findings: Findings

  /// - Parameters:
  ///   - policy: what `compiled` says; it has no errors.
  ///   - compiled: with its tests.
  ///   - tools: count tokens.
  package init(_ policy: Policy, of compiled: Compilation, _ tools: CaseTools) {
    self.policy = policy
    tests = compiled.tests
    bundle = compiled.bundle
    self.tools = tools
    graph = CaseRun(.empty, of: policy, tools, isExplained: false).generation.graph
    findings = ExitNames(graph).findings(in: tests)
  }

  /// Runs the cases whose names hold `filter`, in the order of the files.
  ///
  /// - Parameters:
  ///   - filter: `nil`: all.
  ///   - isCovered: whether it is written down what they see of the policy.
  ///   - stopsAtFailure: whether the first case that fails is the last.
  /// - Returns: what became of them.
  package func run(
    filter: String? = nil,
    isCovered: Bool = false,
    stopsAtFailure: Bool = false
  ) -> TestReport {
    var report = TestReport()
    var coverage = isCovered ? TestCoverage(of: policy, graph) : nil
    let chosen = tests.cases.filter { test in
      filter.map { test.name.lowercased().contains($0.lowercased()) } ?? true
    }
    report.declared = tests.cases.count
    for test in chosen {
      let run = CaseRun(test, of: policy, tools, isExplained: false)
      run.run()
      coverage?.see(run, run.walked)
      var failures = run.failures
      if !failures.isEmpty {
        // The same again, this time with reasons: one run is as another.
        let again = CaseRun(test, of: policy, tools, isExplained: true)
        again.run()
        failures = again.failures
      }
      report.cases.append(
        TestReport.Case(
          name: test.name,
          place: bundle.place(of: test.nameSpan),
          requests: run.history.run.exchanges.count,
          failures: failures
        )
      )
      if stopsAtFailure, !failures.isEmpty { break }
    }
    report.coverage = coverage
    return report
  }
}

/// The nodes and exits that cases name.
private struct ExitNames {
  private let graph: Graph
  private let known: [String]

  init(_ graph: Graph) {
    self.graph = graph
    var known: [String] = []
    for node in graph.nodes {
      for name in [node.kind.rawValue, node.name] where !known.contains(name) { known.append(name) }
    }
    self.known = known
  }

  func findings(in tests: TestSuite) -> Findings {
    var findings = Findings()
    for test in tests.cases {
      for expectation in test.steps.flatMap(\.expectations) {
        guard case .exits(let name, let nameSpan, let exits) = expectation.kind else { continue }
        check(name, at: nameSpan, exits, at: expectation.span, &findings)
      }
    }
    return findings
  }

  private func check(
    _ name: String,
    at nameSpan: SourceSpan,
    _ exits: TestExpectation.Exits,
    at span: SourceSpan,
    _ findings: inout Findings
  ) {
    let nodes = graph.nodes.filter { $0.answers(to: name) }
    guard !nodes.isEmpty else {
      let nearest = NearestName.nearest(to: name, among: known)
      findings.report(
        .unknownReference("node", name, nearest: nearest, declared: known, at: nameSpan)
      )
      return
    }
    var allowed: [String] = []
    for exit in nodes.flatMap(\.exits) where !allowed.contains(exit.name) {
      allowed.append(exit.name)
    }
    let named: [String] =
      switch exits {
      case .each(let exit): [exit]
      case .list(let exits): exits
      }
    for exit in named where !allowed.contains(exit) {
      findings.report(
        .unknownValue(
          name,
          exit,
          nearest: NearestName.nearest(to: exit, among: allowed),
          allowed: allowed,
          at: span
        )
      )
    }
  }
}
