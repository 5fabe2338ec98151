import ArgumentParser
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

  @Option(help: "human, short (a line each) or json.")
  var format = FindingsFormat.human

  @Option(help: "The least severity that ends with 1: error or warning.")
  var failLevel = FailLevel.error

  @OptionGroup var colors: ColorOptions

  func run() throws {
    var command = LintCommand(paths: paths)
    command.format = format
    command.style = colors.style(on: .output)
    command.failLevel = failLevel == .error ? .error : .warning
    try command.run().finish()
  }

  enum FailLevel: String, ExpressibleByArgument, CaseIterable { case error, warning }
}

extension FindingsFormat: ExpressibleByArgument {}
