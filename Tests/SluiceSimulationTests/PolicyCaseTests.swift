import FoundationEssentials
import SluiceCompiler
import SluiceGateway
import SluiceLanguage
import SluiceSimulation
import Testing

/// The bundles of this repository, held to their own cases as `sluice test` holds them.
@Suite("Cases of the policies")
struct PolicyCaseTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let bundles: [String] = {
    let folder = root.appending(component: "policies").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }()

  private static func report(_ paths: [String]) throws -> (report: TestReport, text: String) {
    let loaded = TestInput.load(
      paths,
      environment: ProcessInfo.processInfo.environment,
      style: FindingsStyle()
    )
    switch loaded {
    case .refused(let answer):
      Issue.record("\(answer.notes)")
      throw CancellationError()
    case .ready(let input):
      let runner = TestRunner(
        input.policy,
        of: input.compiled,
        CaseTools(counter: input.counter, tokenizers: input.tokenizers)
      )
      let findings = runner.findings.rendered(as: .human, of: input.bundle)
      #expect(runner.findings.isEmpty, "\(findings)")
      let report = runner.run(isCovered: true)
      return (report, report.rendered(as: .human, of: input.bundle))
    }
  }

  @Test("every bundle keeps what its cases promise", arguments: bundles)
  func policies(name: String) throws {
    let path = Self.root.appending(component: "policies").appending(component: name).path
    let (report, text) = try Self.report([path])
    #expect(report.failed == 0, "\(text)")
    #expect(report.cases.count >= 5)
    let coverage = try #require(report.coverage)
    // Routes and conditions whole; exits as far as they matter.
    #expect(coverage.count(of: .routes).seen == coverage.count(of: .routes).all, "\(text)")
    #expect(coverage.count(of: .conditions).seen == coverage.count(of: .conditions).all, "\(text)")
    #expect(coverage.reaches(millionths: 600_000), "\(text)")
  }

  @Test("there are bundles, and each has cases")
  func all() { #expect(Self.bundles.count >= 4) }

  @Test("the cases of the documentation pass beside its policy")
  func documentation() throws {
    let page = Self.root.appending(component: "Docs").appending(component: "testing.md")
    let text = String(decoding: try Data(contentsOf: page), as: UTF8.self)
    var texts: [(String, String)] = []
    var rest = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let start = rest.firstIndex(of: "```yaml") {
      let end = rest[(start + 1)...].firstIndex(of: "```") ?? rest.endIndex
      texts.append(("\(texts.count).yaml", rest[(start + 1)..<end].joined(separator: "\n") + "\n"))
      rest = rest[end...].dropFirst()
    }
    let compiled = CaseBench.compiled(texts)
    let policy = try #require(
      compiled.policy,
      "\(compiled.findings.rendered(as: .human, of: compiled.bundle))"
    )
    let runner = TestRunner(policy, of: compiled, .approximate)
    let report = runner.run()
    #expect(report.passed > 5)
    #expect(report.failed == 0, "\(report.rendered(as: .human, of: compiled.bundle))")
  }
}
