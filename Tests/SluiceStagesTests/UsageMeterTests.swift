import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import SluiceTelemetry
import Synchronization
import Testing

/// A token for each word.
struct WordCounter: TokenCounter {
  func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
    let text = String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    return min(text.split(separator: " ").count, limit)
  }
  func lowerBound(bytes: Int) -> Int { 0 }
  func upperBound(bytes: Int) -> Int { bytes }
}

/// Tokenizers whose table is read when somebody insists.
final class LazyTokenizers: Tokenizers {
  private let isReady: Mutex<Bool>
  init(isReady: Bool) { self.isReady = Mutex(isReady) }

  func ready(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? {
    isReady.withLock { $0 } ? WordCounter() : nil
  }
  func loaded(_ tokenizer: ModelSettings.Tokenizer) -> (any TokenCounter)? {
    isReady.withLock { $0 = true }
    return WordCounter()
  }
}

/// Workers that count what they are given, and may have no room.
final class CountedWorkers: Workers {
  private let jobs = Mutex(0)
  private let hasRoom: Bool
  var count: Int { jobs.withLock { $0 } }
  init(hasRoom: Bool = true) { self.hasRoom = hasRoom }

  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    jobs.withLock { $0 += 1 }
    if hasRoom { work() }
    return hasRoom
  }
}
