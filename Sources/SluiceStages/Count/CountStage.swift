package import SluicePipeline
import SluiceDialects

/// Counts a prompt that is too long to be counted on a loop, before anything asks for its tokens.
package struct CountStage: WaitingStage {
  enum Exit: Int, StageExit {
    case counted
    /// Too many long prompts wait to be counted.
    case refused
  }
  package let exits = Exit.names

  package init() {}

  package func decide(_ exchange: Exchange) async -> ExitIndex {
    guard let asked = exchange.facts.asked, let count = exchange.generation.tokens else {
      preconditionFailure("read, and to be counted")
    }
    guard let tokens = await count.tokensElsewhere(of: asked, body: exchange.request.body) else {
      exchange.refuse(.overloaded(retryAfterSeconds: 1))
      exchange.explain("too many long prompts wait to be counted")
      return Exit.refused.index
    }
    exchange.facts.promptTokens = tokens
    exchange.explain("\(tokens) tokens")
    return Exit.counted.index
  }
}
