import ArgumentParser
import SluiceGateway

/// `sluice invalidate`.
struct Invalidate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have a running gateway forget cached answers.",
    discussion: """
      When it has answered, none of them is served any more, stale or not, and no answer that was \
      asked for before is kept. The order is logged.

      EXAMPLES
        sluice invalidate --product pricing --reason "new prices"
        sluice invalidate --tag catalog --by ada
        sluice invalidate --everything
      """
  )

  @Option(help: "All answers of this product.")
  var product: String?

  @Option(help: "All answers with this tag.")
  var tag: String?

  @Option(help: "The answer under this key: 64 hexadecimal digits, as `sluice trace` prints them.")
  var key: String?

  @Flag(help: "All answers.")
  var everything = false

  @Option(help: "Why; logged.")
  var reason = ""

  @Option(help: "Who; logged.")
  var by = ""

  @OptionGroup var place: OperatorOptions

  private var selections: [InvalidateCommand.Selection] {
    let named: [InvalidateCommand.Selection?] = [
      product.map { .product($0) }, tag.map { .tag($0) }, key.map { .key($0) },
      everything ? .everything : nil,
    ]
    return named.compactMap(\.self)
  }

  func validate() throws {
    guard selections.count == 1 else {
      throw ValidationError("say one of --product, --tag, --key and --everything")
    }
  }

  func run() async throws {
    for selection in selections {
      let command = InvalidateCommand(
        stateFolder: place.state,
        admin: place.admin,
        selection: selection,
        reason: reason,
        by: by
      )
      try await command.run().finish()
    }
  }
}
