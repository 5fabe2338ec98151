import ArgumentParser
import SluiceGateway

/// `sluice spend`.
struct Spend: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who spent what, from the ledger in the state folder.",
    discussion: """
      Reads only, beside a running gateway or without one. Times are UTC; hours count whole.

      EXAMPLES
        sluice spend
        sluice spend --by model --since 7d
        sluice spend --by tenant --since 2026-11-01 --until 2026-12-01 --csv
      """
  )

  @Option(help: "The state folder.", completion: .directory)
  var state = "./.sluice"

  @Option(help: "user, tenant, tier, product, model or tag.")
  var by = "user"

  @Option(help: "A date, a time, or how long ago: 36h, 7d. (default: 30d)")
  var since: String?

  @Option(help: "A date, a time, or how long ago. (default: now)")
  var until: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Print comma-separated values.")
  var csv = false

  func validate() throws {
    if json, csv { throw ValidationError("--json and --csv exclude each other") }
  }

  func run() throws {
    try SpendCommand(
      stateFolder: state,
      by: by,
      since: since,
      until: until,
      format: json ? .json : csv ? .csv : .table
    )
    .run().finish()
  }
}
