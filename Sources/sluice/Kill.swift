import ArgumentParser
import SluiceGateway

/// Where a running gateway is found, and who talks to it.
struct OperatorOptions: ParsableArguments {
  @Option(help: "The state folder of the gateway.", completion: .directory)
  var state = "./.sluice"

  @Option(help: "HOST:PORT of its admin listener. (default: as it left it in the state folder)")
  var admin: String?
}

/// Whose spending is meant.
struct ScopeOptions: ParsableArguments {
  @Flag(help: "All spending.")
  var everything = false

  @Option(help: "Of this tenant.")
  var tenant: String?

  @Option(help: "Of this user.")
  var user: String?

  @Option(help: "For this product.")
  var product: String?

  @Option(help: "Of this tier.")
  var tier: String?

  @Option(help: "At this model.")
  var model: String?

  @Option(help: "With the key of this id.")
  var key: String?

  var values: [String: String] {
    let all = [
      "tenant": tenant, "user": user, "product": product, "tier": tier, "model": model, "key": key,
    ]
    return all.compactMapValues(\.self)
  }

  func validate() throws {
    guard everything == values.isEmpty else {
      throw ValidationError(
        "say --everything, or what is meant: --tenant, --user, --product, --tier, --model, --key"
      )
    }
  }
}

/// `sluice kill`.
struct Kill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stop spending at a running gateway, now.",
    discussion: """
      New attempts stop at once; what runs is finished, or cut with --cut. The order is kept over \
      restarts, and logged with its reason.

      EXAMPLES
        sluice kill --everything --reason "the bill is on fire"
        sluice kill --everything --do cache_only --reason "answer from the cache alone"
        sluice kill --tenant acme --for 1h --cut --reason "a loop in their client"
        sluice switches
        sluice revive --everything --reason "fixed"
      """
  )

  @OptionGroup var scope: ScopeOptions

  @Option(name: .customLong("do"), help: "deny, or cache_only: answers from the cache go on.")
  var action = "deny"

  @Option(name: .customLong("for"), help: "How long: 15m, 1h30m. (default: until it is released)")
  var duration: String?

  @Flag(help: "Cut running exchanges, too.")
  var cut = false

  @Option(help: "Why; logged, and told to clients.")
  var reason: String

  @Option(help: "Who; logged.")
  var by = ""

  @OptionGroup var place: OperatorOptions

  func run() async throws {
    let command = KillCommand(
      stateFolder: place.state,
      admin: place.admin,
      reason: reason,
      by: by,
      action: .kill(scope: scope.values, do: action, for: duration, cuts: cut)
    )
    try await command.run().finish()
  }
}

/// `sluice revive`.
struct Revive: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let spending go on at a running gateway.",
    discussion: """
      EXAMPLES
        sluice revive --everything --reason "fixed"
        sluice revive --tenant acme --reason "their client is mended"
        sluice revive --switch runaway --reason "a launch, not a loop"
        sluice revive --switch per-user --value ada --reason "she asked"
      """
  )

  @Flag(help: "All that is on, of rules and of persons.")
  var everything = false

  @Option(name: .customLong("switch"), help: "The switches of this rule.")
  var rule: String?

  @Option(help: "Of the rule, the switch of this value of its key only.")
  var value: String?

  @Option(help: "What was killed for this tenant.")
  var tenant: String?

  @Option(help: "For this user.")
  var user: String?

  @Option(help: "For this product.")
  var product: String?

  @Option(help: "For this tier.")
  var tier: String?

  @Option(help: "For this model.")
  var model: String?

  @Option(help: "For the key of this id.")
  var key: String?

  @Option(help: "Why; logged.")
  var reason: String

  @Option(help: "Who; logged.")
  var by = ""

  @OptionGroup var place: OperatorOptions

  private var scope: [String: String] {
    let all = [
      "tenant": tenant, "user": user, "product": product, "tier": tier, "model": model, "key": key,
    ]
    return all.compactMapValues(\.self)
  }

  func validate() throws {
    let named = [everything, rule != nil, !scope.isEmpty].count { $0 }
    guard named == 1, value == nil || rule != nil else {
      throw ValidationError("say one of --everything, --switch NAME [--value KEY], and a scope")
    }
  }

  func run() async throws {
    let command = KillCommand(
      stateFolder: place.state,
      admin: place.admin,
      reason: reason,
      by: by,
      action: rule.map { .reviveSwitch($0, key: value) } ?? .reviveScope(scope)
    )
    try await command.run().finish()
  }
}

/// `sluice switches`.
struct Switches: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the kill switches that are on at a running gateway."
  )

  @OptionGroup var place: OperatorOptions

  func run() async throws {
    let command = KillCommand(stateFolder: place.state, admin: place.admin, action: .list)
    try await command.run().finish()
  }
}
