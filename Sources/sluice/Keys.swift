import ArgumentParser
import SluiceGateway

/// `sluice keys`.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hand out keys, and take them back; a running server knows within a second.",
    discussion: """
      The file holds hashes, never keys. A new key is printed once, on standard output.

      EXAMPLES
        sluice keys add --tenant acme --user ada --tier premium --product support
        sluice keys list
        sluice keys revoke key_9f2
      """,
    subcommands: [Add.self, Revoke.self, Rotate.self, List.self]
  )

  /// Where the keys are.
  struct Place: ParsableArguments {
    @Option(help: "The state folder.", completion: .directory)
    var state = "./.sluice"

    @Option(help: "The file of keys in it, as `identity.keys` names it.")
    var file = "keys.jsonl"

    func finish(_ action: KeysCommand.Action) throws {
      try KeysCommand(stateFolder: state, file: file, action: action).run().finish()
    }
  }

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a key.")

    @OptionGroup var place: Place

    @Option(help: "The customer that the key belongs to.")
    var tenant: String

    @Option(help: "Who asks, within the tenant.")
    var user: String

    @Option(help: "A tier of the policy. (default: none)")
    var tier = ""

    @Option(
      name: .customLong("product"),
      help: "A product that may be asked for; may be repeated, the first is the default."
    )
    var products: [String] = []

    @Option(help: "When it ends: 2027-01-01, or 2027-01-01T12:00:00Z. (default: never)")
    var expires: String?

    @Flag(help: "Let its holder set X-Sluice-Tag (what spending is for) and X-Sluice-Cache-Tags.")
    var tags = false

    func run() throws {
      try place.finish(
        .add(
          tenant: tenant,
          user: user,
          tier: tier,
          products: products,
          expires: expires,
          tags: tags
        )
      )
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a key back.")

    @OptionGroup var place: Place

    @Argument(help: "The id of the key, from `sluice keys list`.")
    var id: String

    func run() throws { try place.finish(.revoke(id: id)) }
  }

  struct Rotate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key that grants what another grants, and end that one."
    )

    @OptionGroup var place: Place

    @Argument(help: "The id of the key, from `sluice keys list`.")
    var id: String

    @Option(name: .customLong("grace-minutes"), help: "How long the old key lives on.")
    var graceMinutes = 0

    func validate() throws {
      if !(0...525_600).contains(graceMinutes) {
        throw ValidationError("--grace-minutes takes a number from 0 to 525600, a year")
      }
    }

    func run() throws { try place.finish(.rotate(id: id, grace: .seconds(graceMinutes * 60))) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the keys, as ids.")

    @OptionGroup var place: Place

    func run() throws { try place.finish(.list) }
  }
}
