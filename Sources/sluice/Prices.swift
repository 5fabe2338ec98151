import ArgumentParser
import SluiceGateway

/// `sluice prices`.
struct Prices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make files of prices.",
    subcommands: [Import.self]
  )

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a file of prices from LiteLLM's table.",
      discussion: """
        The table is model_prices_and_context_window.json, of LiteLLM's repository or of its \
        package on PyPI. Prices are converted exactly, or rounded up to a nano-dollar a million \
        tokens. What they leave out is told on standard error: rates that have no place in a \
        policy, and models that are not paid by tokens.

        A file of prices may only name models that the policy declares: choose them by --models.

        EXAMPLES
          sluice prices import model_prices_and_context_window.json --models gpt-4o,gpt-4
          sluice prices import table.json --models smart=azure/gpt-4o -o policies/mine/prices.yaml
          sluice prices import table.json --provider openai

        EXIT CODES
          0  converted    1  the table, or a model asked for, gives no price
        """
    )

    @Argument(help: "The table; - for standard input.", completion: .file(extensions: ["json"]))
    var file: String

    @Option(help: "Models, apart by commas; NAME=ENTRY where the policy calls it NAME.")
    var models: String?

    @Option(help: "Only models of this litellm_provider.")
    var provider: String?

    @Option(
      name: .shortAndLong,
      help: "Where to write it. (default: standard output)",
      completion: .file(extensions: ["yaml"])
    )
    var output: String?

    func run() throws {
      var command = PricesCommand(path: file)
      command.models = models?.split(separator: ",").map(String.init) ?? []
      command.provider = provider
      command.output = output
      try command.run().finish()
    }
  }
}
