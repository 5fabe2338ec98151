import ArgumentParser
import FoundationEssentials
import SluiceGateway
import SluiceLanguage

/// `sluice lint`.
struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say everything that is wrong with a policy.",
    discussion: """
      Needs no secret, no store and no network: what lint accepts, serve does.

      EXAMPLES
        sluice lint policies/launch
        sluice lint policies/launch --fail-level warning --format short

      EXIT CODES
        0  no finding of the fail level or above    1  there is one
      """
  )

  @Argument(help: "Folders and files of one bundle.", completion: .file(extensions: ["yaml"]))
  var paths: [String]

  @Option(help: "human, short (a line each), json, sarif, github or junit.")
  var format = FindingsFormat.human

  @Option(help: "Only these warnings and notes: codes, beginnings of codes (SL05), or all.")
  var select: [String] = []

  @Option(help: "None of these warnings and notes.")
  var ignore: [String] = []

  @Flag(help: "Apply the safe fixes, and lint what comes out.")
  var fix = false

  @Flag(help: "With --fix: print what would change, and write nothing.")
  var dryRun = false

  @Option(help: "The least severity that ends with 1: error, warning or note.")
  var failLevel = FailLevel.error

  @OptionGroup var colors: ColorOptions

  func validate() throws {
    if dryRun, !fix { throw ValidationError("--dry-run goes with --fix") }
  }

  func run() throws {
    var command = LintCommand(paths: paths)
    command.format = format
    command.style = colors.style(on: .output)
    command.style.version = SluiceVersion.current
    command.environment = ProcessInfo.processInfo.environment
    command.select = select
    command.ignore = ignore
    command.fixes = fix ? (dryRun ? .shown : .written) : .none
    command.failLevel =
      switch failLevel {
      case .error: .error
      case .warning: .warning
      case .note: .note
      }
    try command.run().finish()
  }

  enum FailLevel: String, ExpressibleByArgument, CaseIterable { case error, warning, note }
}

extension FindingsFormat: ExpressibleByArgument {}
