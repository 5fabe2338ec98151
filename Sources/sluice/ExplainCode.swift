import ArgumentParser
import SluiceGateway

/// `sluice explain`.
struct ExplainCode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Print the page of a diagnostic: what is wrong, what is right, and why.",
    discussion: """
      EXAMPLES
        sluice explain SL0201
      """
  )

  @Argument(help: "The code, such as SL0201.")
  var code: String

  func run() throws { try ExplainCommand(code: code).run().finish() }
}
