import SluiceDialects
import SluiceJSON
import SluicePipeline
import SluicePolicy
import Testing

@testable import SluiceSemantics

/// The places at which a tally cuts a text are such that no token reaches over them.
@Suite("A text that is counted in parts")
struct OutputCutTests {
  @Test(
    "has the tokens of the whole, however it comes",
    arguments: ModelSettings.Tokenizer.allCases,
    [1, 3, 8, 40]
  )
  func parts(tokenizer: ModelSettings.Tokenizer, size: Int) throws {
    let counter = try Tables.encoding(tokenizer)
    for text in try CountedText.all() where text.isWellFormed && text.text.count < 20_000 {
      var tally = OutputTally(counter)
      let characters = Array(String(decoding: text.text, as: UTF8.self).unicodeScalars)
      for start in stride(from: 0, to: characters.count, by: size) {
        var piece = String.UnicodeScalarView()
        piece.append(contentsOf: characters[start..<min(start + size, characters.count)])
        var body = Array(#"{"choices":[{"message":{"content":"#.utf8)
        body.appendJSONString(String(piece))
        body += Array("}}]}".utf8)
        tally.text.add(try #require(ModelReply(body)))
        // A limit that is always near: what can be counted for good is.
        _ = tally.exceeds(0)
      }
      #expect(tally.total == text.tokens(tokenizer).count)
    }
  }
}
