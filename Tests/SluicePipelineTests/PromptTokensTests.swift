import SluiceDialects
import SluicePolicy
import Testing

@testable import SluicePipeline

@Suite("The tokens of a prompt")
struct PromptTokensTests {
  /// Counts a token for every three bytes, and keeps nothing.
  private struct ThreeBytes: TokenCounter {
    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int { min((text.count + 2) / 3, limit) }
    func lowerBound(bytes: Int) -> Int { bytes / 8 }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  /// Knows its bounds, and must not be asked for more.
  private struct BoundsOnly: TokenCounter {
    func count(_ text: Span<UInt8>, upTo limit: Int) -> Int {
      Issue.record("the bounds decide")
      return 0
    }
    func lowerBound(bytes: Int) -> Int { bytes / 8 }
    func upperBound(bytes: Int) -> Int { bytes }
  }

  private func asked(_ fields: String) throws -> ModelRequest {
    try ModelRequest(Array(#"{"model":"m",\#(fields)}"#.utf8))
  }

  @Test("are those of each text, three a message, and three for the answer")
  func overhead() throws {
    let asked = try asked(
      #""messages":[{"role":"system","content":"123456"},{"role":"user","content":"123"}]"#
    )
    #expect(ThreeBytes().promptTokens(of: asked) == 2 + 1 + 2 * 3 + 3)
  }

  @Test("count the texts of parts, refusals, calls, and the JSON of tools; images not")
  func everyText() throws {
    let asked = try asked(
      #"""
      "messages":[
        {"role":"user","content":[{"type":"text","text":"a"},
          {"type":"image_url","image_url":{"url":"data:xxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}]},
        {"role":"assistant","content":null,"refusal":"b","tool_calls":[
          {"id":"xxxxxxxxx","type":"function","function":{"name":"c","arguments":"{}"}}]},
        {"role":"tool","content":"e"}],
      "tools":[{"type":"function"}]
      """#
    )
    var texts: [String] = []
    asked.forEachCountedText { text in
      texts.append(String(decoding: text.indices.map { text[$0] }, as: UTF8.self))
    }
    #expect(texts == ["a", "b", "c", "{}", "e", #"[{"type":"function"}]"#])
  }

  @Test("count a text as it reads, not as JSON spells it")
  func escapes() throws {
    let asked = try asked(#""messages":[{"role":"user","content":"\u0061\n\"\ud83d\ude42"}]"#)
    // Seven bytes: a, a line feed, a quote, and an emoji of four.
    #expect(ThreeBytes().promptTokens(of: asked) == 3 + 3 + 3)
  }

  @Test("lie within their bounds, and are counted no further than asked")
  func bounds() throws {
    let asked = try asked(
      #""messages":[{"role":"user","content":"0123456789"},{"role":"user","content":"01"}]"#
    )
    #expect(ThreeBytes().promptTokenBounds(of: asked) == 10...21)
    #expect(ThreeBytes().promptTokens(of: asked) == 14)
    #expect(ThreeBytes().promptTokens(of: asked, upTo: 12) == 12)
    #expect(ThreeBytes().promptTokens(of: asked, upTo: 1) == 1)
  }

  @Test(
    "are never more than the bytes of the body, whatever is in it",
    arguments: [
      (.chat, #""messages":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]"#),
      (.chat, #""messages":[{"content":"\u0061\ud83d\ude42\ud800"}],"tools":[1],"functions":[2]"#),
      (.completions, #""prompt":[1,2,3,4,5,6,7,8,9,0],"suffix":"aé""#),
      (.embeddings, #""input":[[1],[2],[3],[4],[5],[6]]"#),
      (.embeddings, #""input":["a","b","\n","\u20ac"]"#),
    ] as [(ModelSettings.Service, String)]
  )
  func bodyBound(service: ModelSettings.Service, fields: String) throws {
    let body = Array(#"{"model":"m",\#(fields)}"#.utf8)
    let request = try ModelRequest(body, for: service)
    #expect(ThreeBytes().promptTokenBounds(of: request).upperBound <= body.count)
  }

  @Test("of prompts are those of each, of numbers as many, and nothing beside")
  func prompts() throws {
    let texts = try ModelRequest(
      Array(#"{"model":"m","prompt":["123456","123"],"suffix":"123"}"#.utf8),
      for: .completions
    )
    #expect(ThreeBytes().promptTokens(of: texts) == 2 + 1 + 1)
    let numbers = try ModelRequest(
      Array(#"{"model":"m","input":[[1,2],[3,4,5]]}"#.utf8),
      for: .embeddings
    )
    #expect(ThreeBytes().promptTokens(of: numbers) == 5)
    #expect(ThreeBytes().promptTokenBounds(of: numbers) == 5...5)
  }

  @Test("of a list are compared one by one")
  func inputs() throws {
    func embedding(_ input: String) throws -> ModelRequest {
      try ModelRequest(Array(#"{"model":"m","input":\#(input)}"#.utf8), for: .embeddings)
    }
    let texts = try embedding(#"["123456789","123456789abc"]"#)
    #expect(ThreeBytes().inputs(of: texts, areBelow: 5))
    #expect(!ThreeBytes().inputs(of: texts, areBelow: 4))
    #expect(BoundsOnly().inputs(of: texts, areBelow: 13))
    #expect(!BoundsOnly().inputs(of: texts, areBelow: 1))
    let numbers = try embedding("[[1,2],[3,4,5]]")
    #expect(BoundsOnly().inputs(of: numbers, areBelow: 4))
    #expect(!BoundsOnly().inputs(of: numbers, areBelow: 3))
  }

  @Test("are compared without counting where the bounds decide, and counted where they do not")
  func comparison() throws {
    let asked = try asked(#""messages":[{"role":"user","content":"0123456789abcdef"}]"#)
    // Between 8 and 22; 12 by the count.
    #expect(BoundsOnly().promptTokens(of: asked, areBelow: 23))
    #expect(!BoundsOnly().promptTokens(of: asked, areBelow: 8))
    #expect(ThreeBytes().promptTokens(of: asked, areBelow: 13))
    #expect(!ThreeBytes().promptTokens(of: asked, areBelow: 12))
  }
}
