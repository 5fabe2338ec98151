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

  /// The tokens of the whole input of `asked`, whose body is `body`.
  package func tokens(of asked: ModelRequest, body: [UInt8]) -> Int {
    remembered.count(of: digest(of: asked, body)) { counter.promptTokens(of: asked) }
  }

  /// Whether each input of `asked`, whose body is `body`, has fewer tokens than `limit`.
  ///
  /// Counts only where bounds do not tell.
  package func inputs(of asked: ModelRequest, body: [UInt8], areBelow limit: Int) -> Bool {
    guard asked.inputCount == 1 else { return counter.inputs(of: asked, areBelow: limit) }
    let bounds = bounds(of: asked)
    if bounds.upperBound < limit { return true }
    if bounds.lowerBound >= limit { return false }
    return tokens(of: asked, body: body) < limit
  }

  /// One body may be read by more than one path, and counts differently by each.
  private func digest(of asked: ModelRequest, _ body: [UInt8]) -> Digest {
    Digest(of: asked.service == .chat ? body : body + asked.service.rawValue.utf8)
  }

  /// The tokens of `asked`, whose body is `body`, if they are fewer than `limit`; else `limit`,
  /// without counting on.
  package func tokens(of asked: ModelRequest, body: [UInt8], upTo limit: Int) -> Int {
    let digest = Digest(of: body)
    if let known = remembered.known(digest) { return min(known, limit) }
    let count = counter.promptTokens(of: asked, upTo: limit)
    if count < limit { remembered.remember(count, for: digest) }
    return count
  }

  /// The same, counted where no loop waits for it.
  ///
  /// - Returns: `nil` if too much waits to be counted.
  package func tokensElsewhere(of asked: ModelRequest, body: [UInt8]) async -> Int? {
    await workers.run { [self] in tokens(of: asked, body: body) }
  }

  /// Between what the count lies, known without counting.
  package func bounds(of asked: ModelRequest) -> ClosedRange<Int> {
    counter.promptTokenBounds(of: asked)
  }
}
