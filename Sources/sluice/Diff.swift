import ArgumentParser
import FoundationEssentials
import SluiceGateway

/// `sluice diff`.
struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which requests a change of the policy treats differently.",
    discussion: """
      Compares what two policies do, not what they say: routes, targets, caches, limits, money and \
      upstreams. Each change comes with a request that was traced through both and differs. \
      "no change" is only said where it is proved.

      EXAMPLES
        sluice diff policies/launch policies/next
        sluice diff old new --exit-code --witness witnesses
        sluice diff old new --format json | jq '.changes[].subject'

      EXIT CODES
        0  compared    1  with --exit-code: not proved to be the same; or a policy has errors
      """
  )

  @Argument(help: "The bundle that runs: a folder of policy files, or one file.")
  var old: String

  @Argument(help: "The bundle that is to run.")
  var new: String

  @Option(help: "human or json.")
  var format = DiffCommand.Format.human

  @Flag(help: "End with 1 unless it is proved that nothing changes.")
  var exitCode = false

  @Option(help: "A folder to write the requests to.", completion: .directory)
  var witness: String?

  @OptionGroup var colors: ColorOptions

  func run() async throws {
    var command = DiffCommand(old, new)
    command.format = format
    command.failsOnChange = exitCode
    command.witnesses = witness
    command.style = colors.style(on: .output)
    command.findingsStyle = colors.style(on: .error)
    command.environment = ProcessInfo.processInfo.environment
    try await command.run().finish()
  }
}

extension DiffCommand.Format: ExpressibleByArgument {}
