import SluiceCore
package import SluiceDialects
internal import SluicePolicy

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
    remembered.count(of: digest(of: chat, body)) { counter.promptTokens(of: chat) }
  }

  /// Whether each input of `chat`, whose body is `body`, has fewer tokens than `limit`.
  ///
  /// Counts only where bounds do not tell.
  package func inputs(of chat: ChatRequest, body: [UInt8], areBelow limit: Int) -> Bool {
    guard chat.inputCount == 1 else { return counter.inputs(of: chat, areBelow: limit) }
    let bounds = bounds(of: chat)
    if bounds.upperBound < limit { return true }
    if bounds.lowerBound >= limit { return false }
    return tokens(of: chat, body: body) < limit
  }

  /// One body may be read by more than one path, and counts differently by each.
  private func digest(of chat: ChatRequest, _ body: [UInt8]) -> Digest {
    Digest(of: chat.service == .chat ? body : body + chat.service.rawValue.utf8)
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
