import SluicePipeline

/// Counts a token for every four bytes begun.
struct ScriptedTokens: TokenCounter {
  init() {}

  func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
    min(upperBound(bytes: text.count), limit)
  }

  func lowerBound(bytes: Int) -> Int { upperBound(bytes: bytes) }
  func upperBound(bytes: Int) -> Int { (bytes + 3) / 4 }
}
