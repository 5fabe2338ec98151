import SluiceCore
package import SluiceDialects

/// Counts the tokens of prompts, once for the same body.
package struct PromptCount: Sendable {
  private let counter: any TokenCounter
  private let remembered: RememberedCounts
  private let workers: any Workers

  /// - Parameters:
  ///   - counter: counts what is not remembered.
  ///   - remembered: what was counted before.
  ///   - workers: count what is long.
  package init(
    _ counter: any TokenCounter,
    remembering remembered: RememberedCounts,
    workers: any Workers = WorkInPlace()
  ) {
    self.counter = counter
    self.remembered = remembered
    self.workers = workers
  }

  /// The tokens of the whole input of `chat`, whose body is `body`.
  package func tokens(of chat: ChatRequest, body: [UInt8]) -> Int {
    remembered.count(of: Digest(of: body)) { counter.promptTokens(of: chat) }
  }

  /// The same, counted where no loop waits for it.
  ///
  /// - Returns: `nil` if too much waits to be counted.
  package func tokensElsewhere(of chat: ChatRequest, body: [UInt8]) async -> Int? {
    await workers.run { [self] in tokens(of: chat, body: body) }
  }

  /// Between what the count lies, known without counting.
  package func bounds(of chat: ChatRequest) -> ClosedRange<Int> {
    counter.promptTokenBounds(of: chat)
  }
}
