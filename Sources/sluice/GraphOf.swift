import ArgumentParser
import FoundationEssentials
import SluiceGateway

/// `sluice graph`.
struct GraphOf: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Print the pipeline that a policy compiles to.",
    discussion: """
      What is printed is what runs: every node with its settings, the place it came from, and \
      where its exits lead.

      EXAMPLES
        sluice graph policies/quickstart
        sluice graph policies/quickstart --format svg > graph.svg
        sluice graph policies/quickstart --format mermaid
      """
  )

  @Argument(help: "The bundle: a folder of policy files, or one file.", completion: .directory)
  var path: String

  @Option(help: "text, dot (for Graphviz), svg (drawn by it) or mermaid.")
  var format = GraphCommand.Format.text

  @OptionGroup var colors: ColorOptions

  func run() throws {
    var command = GraphCommand(path: path)
    command.format = format
    command.scratch = "sluice-graph.\(ProcessInfo.processInfo.processIdentifier).dot"
    command.style = colors.style(on: .error)
    try command.run().finish()
  }
}

extension GraphCommand.Format: ExpressibleByArgument {}
