package import SluiceCore
import SluiceDialects
package import SluicePipeline

/// Reads the body as what its path takes.
///
/// Behind identity, so that nobody unknown has anything parsed, and before everything that asks
/// what the request says.
package struct RequestStage: Stage {
  enum Exit: Int, StageExit { case understood, refused }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    do throws(APIError) {
      guard let service = exchange.request.service.asked else { throw .notFound }
      let chat = try ChatRequest(exchange.request.body, for: service)
      exchange.facts.chat = chat
      exchange.explain("model \(chat.model), \(chat.inputSummary)")
      return Exit.understood.index
    } catch {
      exchange.refuse(error)
      exchange.explain(error.message)
      return Exit.refused.index
    }
  }
}
