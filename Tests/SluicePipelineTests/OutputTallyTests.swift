import SluiceDialects
import SluicePipeline
import Synchronization
import Testing

@Suite("The tally of an answer")
struct OutputTallyTests {
  /// A token for each word; remembers how many bytes it has counted.
  private final class Words: TokenCounter {
    private let counted = Mutex(0)
    var bytes: Int { counted.withLock { $0 } }

    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
      counted.withLock { $0 += text.count }
      let text = String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
      return min(text.split(separator: " ").count, limit)
    }
    func lowerBound(bytes: Int) -> Int { bytes == 0 ? 0 : 1 }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  private let words = Words()

  private func say(_ text: String, into tally: inout OutputTally) throws {
    let body = #"{"choices":[{"message":{"content":"\#(text)"}}]}"#
    tally.text.add(try #require(ModelReply(Array(body.utf8))))
  }

  @Test("counts what passed, to the token")
  func counts() throws {
    var tally = OutputTally(words)
    for _ in 0..<1_000 { try say("hello wor", into: &tally); try say("ld ", into: &tally) }
    #expect(tally.isExact)
    #expect(tally.total == 2_000)
  }

  @Test("does not count while the bytes of a text decide about a limit")
  func far() throws {
    var tally = OutputTally(words)
    try say("hello world", into: &tally)
    let isBeyond = tally.exceeds(11)
    #expect(!isBeyond)
    #expect(tally.upperBound == 11)
    #expect(words.bytes == 0)
  }

  @Test("is exact near a limit, and counts no text much more than once")
  func near() throws {
    for limit in [1, 10, 500] {
      let before = words.bytes
      var tally = OutputTally(words)
      var said = 0
      while said < 1_000 {
        try say("word ", into: &tally)
        said += 1
        let isBeyond = tally.exceeds(limit)
        #expect(isBeyond == (said > limit))
        if said > limit { break }
      }
      #expect(words.bytes - before < 5 * limit * 5)
    }
  }

  @Test("keeps what waits within its bounds, and forgets no token over it")
  func trims() throws {
    var tally = OutputTally(words)
    for _ in 0..<10_000 {
      try say("four word text here ", into: &tally)
      tally.trim()
      #expect(tally.text.bytes <= 17_000)
    }
    #expect(tally.total == 40_000)
  }

  @Test("without a counter knows bytes, and says so")
  func bounded() throws {
    var tally = OutputTally(nil)
    #expect(tally.isExact)
    for _ in 0..<30_000 {
      try say("ten bytes ", into: &tally)
      tally.trim()
      #expect(tally.text.bytes <= 270_000)
    }
    #expect(!tally.isExact)
    #expect(tally.total == 300_000)
    let isBeyond = (tally.exceeds(299_999), tally.exceeds(300_000))
    #expect(isBeyond == (true, false))
    // What waited is counted by a counter that comes later.
    #expect(tally.counting(with: words).total < 300_000)
  }
}
