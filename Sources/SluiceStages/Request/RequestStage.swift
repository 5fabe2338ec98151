package import SluiceCore
import SluiceDialects
package import SluicePipeline

/// Reads the body as what its path takes.
///
/// Behind identity, so that nobody unknown has anything parsed, and before everything that asks
/// what the request says.
package struct RequestStage: Stage {
  enum Exit: Int, StageExit {
    case understood
    case refused
    /// Understood, and to be counted where no loop waits for it.
    case long
  }
  package let exits: [String]
  private let countsTokens: Bool

  /// - Parameter countsTokens: whether anything may ask for the tokens of the prompt.
  package init(countsTokens: Bool = false) {
    self.countsTokens = countsTokens
    exits = countsTokens ? Exit.names : Exit.names.filter { $0 != "long" }
  }

  package func decide(_ exchange: Exchange, at moment: Moment) -> ExitIndex {
    do throws(APIError) {
      guard let service = exchange.request.service.asked else { throw .notFound }
      let asked = try ModelRequest(exchange.request.body, for: service)
      exchange.facts.asked = asked
      exchange.explain("model \(asked.model), \(asked.inputSummary)")
      let isLong = countsTokens && exchange.request.body.count > Bounds.loopCountBytes
      return (isLong ? Exit.long : .understood).index
    } catch {
      exchange.refuse(error)
      exchange.explain(error.message)
      return Exit.refused.index
    }
  }
}
