package import SluiceCore
import SluiceDialects
package import SluicePipeline

/// Answers `GET /v1/models`: what this key may name.
package struct ModelsStage: Stage {
  enum Exit: Int, StageExit { case listed, unknown }
  package let exits = Exit.names
  /// By tier; one that is not here may name everything.
  private let restricted: [String: Listing]
  private let everything: Listing

  /// What may be named, as the bodies that tell it: they last as long as the policy.
  private struct Listing: Sendable {
    let all: [UInt8]
    let byName: [String: [UInt8]]

    init(_ names: [String]) {
      // OpenAI's clients want a time; a policy's models have none.
      let models = (["auto"] + names).map { ListedModel(id: $0, created: 0, owner: "sluice") }
      all = ModelList.body(of: models)
      byName = Dictionary(models.map { ($0.id, $0.body) }) { first, _ in first }
    }
  }

  package init(access: ModelAccess) {
    restricted = Dictionary(
      uniqueKeysWithValues: access.restrictedTiers.map { ($0, Listing(access.names(for: $0))) }
    )
    // The tier of a caller without one, which nothing restricts.
    everything = Listing(access.names(for: ""))
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let listing = restricted[exchange.caller.tier] ?? everything
    let path = exchange.request.path
    let prefix = "/v1/models/"
    guard path.hasPrefix(prefix) else {
      exchange.outcome = .reply(Reply(status: 200, body: listing.all))
      return Exit.listed.index
    }
    let wanted = String(path.dropFirst(prefix.count))
    guard let body = listing.byName[wanted] else {
      exchange.refuse(.modelNotFound(wanted))
      return Exit.unknown.index
    }
    exchange.outcome = .reply(Reply(status: 200, body: body))
    return Exit.listed.index
  }
}
