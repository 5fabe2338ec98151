import ArgumentParser
import SluiceGateway

/// `sluice cost`.
struct Cost: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a policy permits to be spent at most.",
    discussion: """
      For a request on each route, for a user of each tier and for all users a day, and how soon \
      each budget could be gone. A bound, told from the policy alone; what it takes for granted \
      stands at its end.

      EXAMPLES
        sluice cost policies/launch
        sluice cost policies/launch --on 2027-01-01 --choices 4
        sluice cost policies/launch --json | jq .all_users.day.dollars
      """
  )

  @Argument(help: "The bundle: a folder of policy files, or one file.", completion: .directory)
  var path: String

  @Flag(help: "Print for programs.")
  var json = false

  @Option(name: .customLong("on"), help: "The day whose prices count. (default: today)")
  var day: String?

  @Option(help: "How many answers a request asks for (`n`).")
  var choices = 1

  @OptionGroup var colors: ColorOptions

  func run() throws {
    var command = CostCommand(path: path)
    command.format = json ? .json : .table
    command.style = colors.style(on: .output)
    command.findingsStyle = colors.style(on: .error)
    command.day = day
    command.choices = choices
    try command.run().finish()
  }
}
