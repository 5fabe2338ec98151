import SluicePipeline
import SluicePolicy
import SluiceSemantics
import Synchronization

/// The tokenizers whose tables can be found; one that cannot is told once, and done without.
final class FoundTokenizers: Tokenizers {
  private let counters: TokenCounters
  private let missed: @Sendable (TokenTableError) -> Void
  private let missing = Mutex<Set<ModelSettings.Tokenizer>>([])

  /// Reads with `counters`; `missed` is told of each table that cannot be read.
  init(counters: TokenCounters, missed: @escaping @Sendable (TokenTableError) -> Void) {
    self.counters = counters
    self.missed = missed
  }

  func ready(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? {
    counters.ready(tokenizer)
  }

  func loaded(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? {
    if let ready = counters.ready(tokenizer) { return ready }
    guard !missing.withLock({ $0.contains(tokenizer) }) else { return nil }
    do throws(TokenTableError) {
      return try counters.counter(for: tokenizer)
    } catch {
      if missing.withLock({ $0.insert(tokenizer).inserted }) { missed(error) }
      return nil
    }
  }
}
