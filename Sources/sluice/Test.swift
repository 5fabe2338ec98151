import ArgumentParser
import FoundationEssentials
import SluiceGateway
import SluiceLanguage
import SluiceReactor
import SluiceSimulation

/// `sluice test`.
struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the cases that stand beside a policy.",
    discussion: """
      The real pipeline decides, on a gateway that starts empty for each case, under a clock that \
      moves only as the case says. Nothing is asked over a network, and one run is as another.

      EXAMPLES
        sluice test policies/launch
        sluice test policies/launch --coverage --threshold 80%
        sluice test policies/launch --filter breaker --format json

      EXIT CODES
        0  all cases passed    1  one failed, or the coverage is below the threshold
      """
  )

  @Argument(help: "Folders and files of one bundle.", completion: .file(extensions: ["yaml"]))
  var paths: [String]

  @Option(help: "Only the cases whose names hold this text.")
  var filter: String?

  @Flag(help: "Say what of the policy no case has seen.")
  var coverage = false

  @Option(help: "The least coverage that passes, such as 80%; measures it too.")
  var threshold: String?

  @Option(help: "Also write a report in JUnit's XML to this file.", completion: .file())
  var junit: String?

  @Option(help: "human or json.")
  var format = TestFormat.human

  @Flag(help: "Stop at the first case that fails.")
  var failFast = false

  @OptionGroup var colors: ColorOptions

  func validate() throws {
    if let threshold, Self.millionths(threshold) == nil {
      throw ValidationError("--threshold takes a share such as 80%, not `\(threshold)`")
    }
  }

  func run() throws {
    let loaded = TestInput.load(
      paths,
      environment: ProcessInfo.processInfo.environment,
      style: colors.style(on: .error)
    )
    switch loaded {
    case .refused(let answer): try answer.finish()
    case .ready(let input): try answer(to: input).finish()
    }
  }

  private func answer(to input: TestInput) -> CommandAnswer {
    let bundle = input.bundle
    let runner = TestRunner(
      input.policy,
      of: input.compiled,
      CaseTools(counter: input.counter, tokenizers: input.tokenizers)
    )
    if runner.findings.haveErrors {
      return TestInput.refusal(runner.findings, of: bundle, colors.style(on: .error))
    }
    let report = runner.run(
      filter: filter,
      isCovered: coverage || threshold != nil,
      stopsAtFailure: failFast
    )
    guard !report.cases.isEmpty else { return CommandAnswer(nothing(of: report)) }
    if let junit {
      do throws(IOFailure) {
        try Files.writeAtomically(Array(report.junit(of: bundle).utf8), to: junit, mode: 0o644)
      } catch {
        return CommandAnswer(Refusal("cannot write `\(junit)`: \(error)"))
      }
    }
    var answer = CommandAnswer(
      output: report.rendered(as: format, of: bundle, style: colors.style(on: .output))
    )
    if report.failed > 0 { answer.status = .errors }
    if let threshold, let millionths = Self.millionths(threshold), let coverage = report.coverage,
      !coverage.reaches(millionths: millionths)
    {
      answer.notes = "sluice: coverage \(coverage.percent)% is below \(threshold)\n"
      answer.status = .errors
    }
    return answer
  }

  private func nothing(of report: TestReport) -> Refusal {
    guard report.declared > 0 else {
      return Refusal(
        "there is no case in \(paths.joined(separator: " ")); a file of cases begins with `sluice-test: v1`",
        status: .errors
      )
    }
    return Refusal("no case's name holds `\(filter ?? "")`", status: .usage)
  }

  /// A share in millionths: `80%` or `0.8`.
  private static func millionths(_ text: String) -> Int? {
    let isPercent = text.hasSuffix("%")
    guard let number = Double(isPercent ? String(text.dropLast()) : text) else { return nil }
    let share = isPercent ? number / 100 : number
    return (0...1).contains(share) ? Int((share * 1_000_000).rounded()) : nil
  }
}

extension TestFormat: ExpressibleByArgument {}
