import ArgumentParser
import SluiceGateway

/// The command.
@main
struct Sluice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice",
    abstract: "An LLM gateway whose policy is checked before it runs.",
    discussion: """
      EXAMPLES
        sluice serve policies/quickstart
        sluice lint policies/launch
        sluice test policies/launch --coverage
        sluice trace policies/quickstart --request question.json --as tier=free

      EXIT CODES
        0  no error; warnings may have been printed
        1  errors were found
        2  the command line is wrong
        3  it could not run: a port is taken, a folder locked, a file missing
      """,
    version: "sluice \(SluiceVersion.current)",
    subcommands: [
      Serve.self,
      Lint.self,
      Test.self,
      Diff.self,
      Format.self,
      SchemaOf.self,
      GraphOf.self,
      Trace.self,
      ExplainCode.self,
      Keys.self,
      Prices.self,
      Kill.self,
      Revive.self,
      Switches.self,
      Invalidate.self,
      Cost.self,
      Spend.self,
      Similarity.self,
      Calibrate.self,
      Eval.self,
    ]
  )

  /// Runs a subcommand; wrong usage is 2 here, where the parser's own code is 64.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      let message = fullMessage(for: error)
      if !message.isEmpty { Terminal.write("\(message)\n", to: code.isSuccess ? .output : .error) }
      exit(withError: code.isUsage ? ExitCode(ExitStatus.usage.rawValue) : code)
    }
  }
}

extension ExitCode {
  fileprivate var isUsage: Bool { self == .validationFailure }
}

extension CommandAnswer {
  /// Prints the answer and ends the command with its status.
  func finish() throws {
    let status = Terminal.show(self)
    if status != .success { throw ExitCode(status.rawValue) }
  }
}
