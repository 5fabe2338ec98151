import SluiceCore
package import SluiceDialects

/// Counts the tokens of prompts, once for the same body.
package struct PromptCount: Sendable {
  private let counter: any TokenCounter
  private let remembered: RememberedCounts

  package init(_ counter: any TokenCounter, remembering remembered: RememberedCounts) {
    self.counter = counter
    self.remembered = remembered
  }

  /// The tokens of the whole input of `chat`, whose body is `body`.
  package func tokens(of chat: ChatRequest, body: [UInt8]) -> Int {
    remembered.count(of: Digest(of: body)) { counter.promptTokens(of: chat) }
  }

  /// The tokens of `chat`, whose body is `body`, if they are fewer than `limit`; else `limit`,
  /// without counting on.
  package func tokens(of chat: ChatRequest, body: [UInt8], upTo limit: Int) -> Int {
    let digest = Digest(of: body)
    if let known = remembered.known(digest) { return min(known, limit) }
    let count = counter.promptTokens(of: chat, upTo: limit)
    if count < limit { remembered.remember(count, for: digest) }
    return count
  }

  /// Between what the count lies, known without counting.
  package func bounds(of chat: ChatRequest) -> ClosedRange<Int> {
    counter.promptTokenBounds(of: chat)
  }
}
