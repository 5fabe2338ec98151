import ArgumentParser
import SluiceGateway

/// `sluice schema`.
struct SchemaOf: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of policy files, for editors.",
    discussion: """
      Draft 7, made of the same tables of keys that the compiler reads by. Without a kind it takes \
      every file of a bundle, told apart by its first key.

      EXAMPLES
        sluice schema > sluice.schema.json
        sluice schema policy

      In a file, for yaml-language-server:
        # yaml-language-server: $schema=sluice.schema.json
      """
  )

  @Argument(help: "policy, test, prices or evidence. (default: all of them)")
  var kind: String?

  func run() throws { try SchemaCommand(kind: kind).run().finish() }
}
