import SluiceDialects
import SluiceHTTP
import SluiceJSON
import Testing

/// Every way in which upstreams are known to say what they counted.
@Suite("Shapes of usage")
struct UsageShapesTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let usage: Usage?
    var testDescription: String { name }

    init(_ name: String, _ text: String, _ usage: Usage?) {
      self.name = name
      self.text = text
      self.usage = usage
    }
  }

  private static let plainCount = Usage(prompt: 11, completion: 7)

  private static let objects: [Shape] = [
    Shape(
      "prompt, completion and total",
      #"{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}"#,
      plainCount
    ),
    Shape(
      "cached prompt",
      #"{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":8}}"#,
      Usage(prompt: 11, completion: 7, cached: 8)
    ),
    Shape(
      "reasoning",
      #"{"prompt_tokens":11,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":5}}"#,
      Usage(prompt: 11, completion: 7, reasoning: 5)
    ),
    Shape(
      "sound in and out",
      #"{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"audio_tokens":4},"completion_tokens_details":{"audio_tokens":6}}"#,
      Usage(prompt: 11, completion: 7, promptAudio: 4, completionAudio: 6)
    ),
    Shape(
      "details that are null",
      #"{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":null,"completion_tokens_details":null}"#,
      plainCount
    ),
    Shape(
      "the names of the Responses interface",
      #"{"input_tokens":11,"output_tokens":7,"input_tokens_details":{"cached_tokens":8},"output_tokens_details":{"reasoning_tokens":5}}"#,
      Usage(prompt: 11, completion: 7, cached: 8, reasoning: 5)
    ),
    Shape(
      "no count but zeros",
      #"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#,
      nil
    ),
    Shape("null", "null", nil),
    Shape("an empty object", "{}", nil),
  ]

  @Test("a plain answer", arguments: objects)
  func plain(shape: Shape) throws {
    let body =
      #"{"id":"c","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":\#(shape.text)}"#
    #expect(try #require(ModelReply([UInt8](body))).usage == shape.usage)
  }

  @Test("a plain answer without any")
  func missing() throws {
    let body = #"{"choices":[{"index":0,"message":{"content":"Hi"}}]}"#
    #expect(try #require(ModelReply([UInt8](body))).usage == nil)
  }

  @Test("a chunk of its own at the end of a stream", arguments: objects)
  func ownChunk(shape: Shape) {
    let chunks = [Self.piece, Self.last, #"{"choices":[],"usage":\#(shape.text)}"#]
    #expect(read(stream(chunks)).reader.usage == shape.usage)
  }

  private static let piece = #"{"choices":[{"index":0,"delta":{"content":"Héllo"}}],"usage":null}"#
  private static let last = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
  private static let count = #""usage":{"prompt_tokens":11,"completion_tokens":7}"#

  private static func grown(_ count: Int) -> String {
    #"{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":11,"completion_tokens":\#(count)}}"#
  }

  private static let streams: [Shape] = [
    Shape(
      "beside the last choice",
      frames([
        piece, #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],\#(count)}"#,
      ]),
      plainCount
    ),
    Shape(
      "in a chunk with an empty delta",
      frames([piece, last, #"{"choices":[{"index":0,"delta":{}}],\#(count)}"#]),
      plainCount
    ),
    Shape(
      "in a chunk whose choices are null",
      frames([piece, last, #"{"choices":null,\#(count)}"#]),
      plainCount
    ),
    Shape("in a chunk without choices", frames([piece, last, "{\(count)}"]), plainCount),
    Shape(
      "growing in every chunk",
      frames([grown(1), grown(4), grown(7), last]),
      plainCount
    ),
    Shape(
      "growing, and zeros at the end",
      frames([
        grown(7), last, #"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#,
      ]),
      plainCount
    ),
    Shape("none at all", frames([piece, last]), nil),
    Shape(
      "without [DONE]",
      frames([piece, last, #"{"choices":[],\#(count)}"#], done: false),
      plainCount
    ),
    Shape(
      "with CRLF and comments",
      ": ping\r\n\r\ndata: \(piece)\r\n\r\n: ping\r\ndata: \(last)\r\n\r\n"
        + #"data: {"choices":[],\#(count)}"# + "\r\n\r\ndata: [DONE]\r\n\r\n",
      plainCount
    ),
  ]

  private static func frames(_ chunks: [String], done: Bool = true) -> String {
    stream(chunks, done: done).text
  }

  @Test("a stream, however its bytes are cut", arguments: streams)
  func streamed(shape: Shape) {
    let bytes = [UInt8](shape.text)
    for size in [1, 2, 3, 7, 64, bytes.count] {
      var parser = EventStreamParser()
      var reader = StreamReader(wantsUsage: false)
      var output = OutputText()
      for start in stride(from: 0, to: bytes.count, by: size) {
        parser.append(Array(bytes[start..<min(start + size, bytes.count)]))
        while case .event(let event) = parser.next() { _ = reader.read(event, into: &output) }
      }
      if let rest = parser.finish() { _ = reader.read(rest, into: &output) }
      #expect(reader.usage == shape.usage)
      #expect(reader.isWhole)
    }
  }
}

@Suite("The text of an answer")
struct OutputTextTests {
  private func texts(_ output: OutputText) -> [String] {
    var texts: [String] = []
    output.forEach { span in
      texts.append(String(decoding: span.indices.map { span[$0] }, as: UTF8.self))
    }
    return texts
  }

  private func texts(ofStream chunks: [String]) -> [String] {
    var output = OutputText()
    _ = read(stream(chunks), into: &output)
    return texts(output)
  }

  private func delta(_ members: String, choice: Int = 0) -> String {
    #"{"choices":[{"index":\#(choice),"delta":{\#(members)}}]}"#
  }

  @Test("joins what the chunks of a stream say, each field and choice by itself")
  func joins() {
    let chunks = [
      delta(#""role":"assistant","content":"He""#), delta(#""content":"Wo""#, choice: 1),
      delta(#""content":"l\u006co\n""#), delta(#""content":"rld","refusal":null"#, choice: 1),
      delta(#""refusal":"No""#), delta(#""reasoning_content":"Hm""#),
      delta(#""reasoning_content":"m","reasoning":"m""#),
    ]
    #expect(texts(ofStream: chunks) == ["Hello\n", "World", "No", "Hmm"])
  }

  @Test("holds the names and arguments of tool calls")
  func toolCalls() {
    let chunks = [
      delta(#""tool_calls":[{"index":0,"id":"a","function":{"name":"find","arguments":""}}]"#),
      delta(#""tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]"#),
      delta(#""tool_calls":[{"index":1,"function":{"name":"see","arguments":"{}"}}]"#),
      delta(#""tool_calls":[{"index":0,"function":{"arguments":"1}"}}]"#),
      delta(#""function_call":{"name":"old","arguments":"{}"}"#),
    ]
    #expect(texts(ofStream: chunks) == ["find", #"{"a":1}"#, "see", "{}", "old", "{}"])
  }

  @Test("holds the same of a plain answer, and what a completion says")
  func plain() throws {
    let body = """
      {"choices":[{"message":{"role":"assistant","content":"Hi","reasoning":"Hm","tool_calls":[{"id":"a",
      "function":{"name":"f","arguments":"{}"}}]}},{"index":1,"text":"there"}]}
      """
    var output = OutputText()
    output.add(try #require(ModelReply([UInt8](body))))
    #expect(texts(output) == ["Hi", "Hm", "f", "{}", "there"])
    #expect(output.bytes == 12)
  }

  @Test("gives away only what no later text can change, and at once what is too long")
  func decided() {
    var output = OutputText()
    _ = read(stream([delta(#""content":"One two  three fo""#)]), into: &output)
    var taken: [String] = []
    func take(longest: Int) {
      output.takeDecided(longest: longest) { span in
        taken.append(String(decoding: span.indices.map { span[$0] }, as: UTF8.self))
      }
    }
    take(longest: 100)
    #expect(taken == ["One two  three"])
    #expect(texts(output) == [" fo"])
    take(longest: 100)
    #expect(taken.count == 1)
    take(longest: 2)
    #expect(taken == ["One two  three", " fo"])
    #expect(output.bytes == 0)
  }

  @Test("does not grow with the number of choices and calls that an upstream makes up")
  func bounded() {
    var output = OutputText()
    let chunks = (0..<2_000)
      .map { delta(#""tool_calls":[{"index":\#($0),"function":{"arguments":"x"}}]"#) }
    _ = read(stream(chunks), into: &output)
    #expect(output.bytes == 2_000)
    #expect(texts(output).count == 512)
  }
}
