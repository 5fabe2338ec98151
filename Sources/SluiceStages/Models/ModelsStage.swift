package import SluiceCore
import SluiceDialects
package import SluicePipeline

/// Answers `GET /v1/models`: what this key may name.
package struct ModelsStage: Stage {
  enum Exit: Int, StageExit { case listed, unknown }
  package let exits = Exit.names
  private let access: ModelAccess

  package init(access: ModelAccess) { self.access = access }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    let models = (["auto"] + access.names(for: exchange.caller.tier))
      .map { name in
        // OpenAI's clients want a time; a policy's models have none.
        ListedModel(id: name, created: 0, owner: "sluice")
      }
    let prefix = "/v1/models/"
    guard exchange.request.path.hasPrefix(prefix) else {
      exchange.outcome = .reply(Reply(status: 200, body: ModelList.body(of: models)))
      return Exit.listed.index
    }
    let wanted = exchange.request.path.dropFirst(prefix.count)
    guard let model = models.first(where: { $0.id == wanted }) else {
      exchange.refuse(.modelNotFound(String(wanted)))
      return Exit.unknown.index
    }
    exchange.outcome = .reply(Reply(status: 200, body: model.body))
    return Exit.listed.index
  }
}
