import ArgumentParser
import FoundationEssentials
import SluiceCore
import SluiceGateway

/// `sluice trace`.
struct Trace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Walk a request through a policy, and say what decides.",
    discussion: """
      The real pipeline decides; only the upstream is not asked. Each step tells its node, the \
      exit it took, why, and the file and line that decided.

      EXAMPLES
        sluice trace policies/launch --request question.json --as tier=premium
        sluice trace policies/launch --request question.json --json | jq .outcome
        cat question.json | sluice trace policies/quickstart --request -
      """
  )

  @Argument(help: "The bundle: a folder of policy files, or one file.", completion: .directory)
  var path: String

  @Option(
    help: "The JSON body; - for standard input.",
    completion: .file(extensions: ["json"])
  )
  var request: String

  @Option(help: "The path that it goes to.")
  var to = "/v1/chat/completions"

  @Option(
    name: .customLong("as"),
    help: "Who asks: user=…,tier=…,product=…,ip=…,tenant=…; what is left out is nobody's."
  )
  var asker = ""

  @Option(help: "A field of the request, as NAME: VALUE.")
  var header: [String] = []

  @Option(help: "The time at which it comes, as 2026-01-31T08:00:00Z. (default: now)")
  var at: String?

  @Option(help: "What conditions read of a breaker, as MODEL=open. (default: closed)")
  var breaker: [String] = []

  @Option(help: "What conditions read of a budget, as BUDGET=$1.50. (default: all of it)")
  var remaining: [String] = []

  @Flag(help: "Print for programs.")
  var json = false

  @OptionGroup var colors: ColorOptions

  func run() async throws {
    var command = TraceCommand(path: path)
    command.format = json ? .json : .text
    command.style = colors.style(on: .error)
    command.environment = ProcessInfo.processInfo.environment
    let body: [UInt8]
    do throws(Refusal) {
      command.asker = try TraceCommand.Asker(asker)
      try command.ask(at: to)
      for field in header { try command.add(header: field) }
      if let at { try command.come(at: at) }
      for state in breaker { try command.set(breaker: state) }
      for amount in remaining { try command.set(remaining: amount) }
      body = try Terminal.read(request, maximumBytes: Bounds.replyBytes)
    } catch {
      return try CommandAnswer(error).finish()
    }
    try await command.run(body: body).finish()
  }
}
