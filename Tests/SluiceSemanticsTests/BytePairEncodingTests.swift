import SluicePipeline
import SluicePolicy
import Testing

@testable import SluiceSemantics

@Suite("Byte-pair encoding")
struct BytePairEncodingTests {
  @Test(
    "makes the tokens that tiktoken makes, of text in any script and of bytes that are none",
    arguments: ModelSettings.Tokenizer.allCases
  )
  func equalsTiktoken(_ tokenizer: ModelSettings.Tokenizer) throws {
    let encoding = try Tables.encoding(tokenizer)
    let texts = try CountedText.all()
    #expect(texts.count > 300)
    for text in texts {
      let spelling = String(decoding: text.text, as: UTF8.self).debugDescription
      #expect(encoding.encode(text.text.span) == text.tokens(tokenizer), "\(spelling)")
      #expect(encoding.count(text.text) == text.tokens(tokenizer).count, "\(spelling)")
    }
  }

  @Test(
    "has no text outside its bounds from bytes, and both bounds are reached",
    arguments: ModelSettings.Tokenizer.allCases
  )
  func boundsAreSound(_ tokenizer: ModelSettings.Tokenizer) throws {
    let encoding = try Tables.encoding(tokenizer)
    for text in try CountedText.all() where text.isWellFormed {
      let count = text.tokens(tokenizer).count
      #expect(encoding.lowerBound(bytes: text.text.count) <= count)
      #expect(encoding.upperBound(bytes: text.text.count) >= count)
    }
    let spaces = [UInt8](repeating: UInt8(ascii: " "), count: 128)
    #expect(encoding.count(spaces) == 1)
    #expect(encoding.lowerBound(bytes: 128) == 1)
    #expect(encoding.lowerBound(bytes: 129) == 2)
    #expect(encoding.count(Array("q\u{1}x\u{2}".utf8)) == encoding.upperBound(bytes: 4))
    #expect(encoding.lowerBound(bytes: 0) == 0)
    #expect(encoding.upperBound(bytes: 0) == 0)
  }

  @Test("counts exactly below a limit and stops at it", arguments: [1, 2, 7, 30, 100])
  func stopsAtLimit(_ limit: Int) throws {
    let encoding = try Tables.encoding(.cl100k)
    for text in try CountedText.all() {
      let tokens = text.tokens(.cl100k).count
      #expect(encoding.count(text.text.span, upTo: limit) == min(tokens, limit))
    }
  }

  @Test("takes the names of special tokens as ordinary text")
  func ordinarySpecials() throws {
    let encoding = try Tables.encoding(.cl100k)
    let tokens = encoding.encode(Array("<|endoftext|>".utf8).span)
    #expect(tokens == [27, 91, 8862, 728, 428, 91, 29])
  }

  @Test("has the vocabularies of their published size")
  func vocabularies() throws {
    #expect(try Tables.encoding(.cl100k).vocabularyCount == 100_256)
    #expect(try Tables.encoding(.o200k).vocabularyCount == 199_998)
  }

  @Test(
    "counts a text of invalid bytes as its lossy decoding",
    arguments: ModelSettings.Tokenizer.allCases
  )
  func lossyDecoding(_ tokenizer: ModelSettings.Tokenizer) throws {
    let encoding = try Tables.encoding(tokenizer)
    for text in try CountedText.all() where !text.isWellFormed {
      let repaired = Array(String(decoding: text.text, as: UTF8.self).utf8)
      #expect(encoding.encode(text.text.span) == encoding.encode(repaired.span))
    }
  }
}
