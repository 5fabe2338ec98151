import SluiceDialects
import SluiceHTTP
import Testing

struct StreamReaderTests {
  private static let role =
    #"{"id":"c","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#
  private static let hello =
    #"{"id":"c","model":"gpt","choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}"#
  private static let stop =
    #"{"id":"c","model":"gpt","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
  private static let usage = #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#
  private static let counted = Usage(prompt: 3, completion: 2)

  @Test("follows a stream to its end")
  func follows() {
    let (reader, verdicts) = read(stream([Self.role, Self.hello, Self.stop]))
    #expect(verdicts == [.pass, .pass, .pass, .done])
    #expect(reader.isWhole)
    #expect(reader.isWholeAnswer)
    #expect(reader.isDone)
    #expect(reader.model == "gpt")
    #expect(reader.id == "c")
    #expect(reader.finishReasons == ["stop"])
    #expect(reader.usage == nil)
    #expect(reader.hasOutput)
    #expect(!reader.hasToolCalls)
  }

  @Test(
    "hides the usage chunk from a client that did not ask, and only then",
    arguments: [false, true]
  )
  func usageChunk(wantsUsage: Bool) {
    for choices in [#""choices":[],"#, #""choices":null,"#, ""] {
      let chunk = #"{"id":"c",\#(choices)\#(Self.usage)}"#
      let (reader, verdicts) = read(stream([Self.hello, Self.stop, chunk]), wantsUsage: wantsUsage)
      #expect(verdicts == [.pass, .pass, wantsUsage ? .pass : .hide, .done])
      #expect(reader.usage == Self.counted)
    }
  }

  @Test("passes usage that comes beside choices")
  func usageBesideChoices() {
    let last = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],\#(Self.usage)}"#
    let empty = #"{"choices":[{"index":0,"delta":{}}],\#(Self.usage)}"#
    let (reader, verdicts) = read(stream([Self.hello, last, empty]))
    #expect(verdicts == [.pass, .pass, .pass, .done])
    #expect(reader.usage == Self.counted)
  }

  @Test("takes the last of usages that grow")
  func cumulativeUsage() {
    let chunks = (1...3)
      .map { count in
        #"{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":3,"completion_tokens":\#(count)}}"#
      }
    let (reader, _) = read(stream(chunks))
    #expect(reader.usage == Usage(prompt: 3, completion: 3))
  }

  @Test("does not forget a usage when null comes after")
  func nullUsage() {
    let (reader, verdicts) = read(
      stream([#"{"choices":[],\#(Self.usage)}"#, #"{"choices":[],"usage":null}"#])
    )
    #expect(reader.usage == Self.counted)
    #expect(verdicts == [.hide, .pass, .done])
  }

  @Test("takes comments, CRLF and a missing [DONE]")
  func drift() {
    let bytes = [UInt8](
      ": ping\r\n\r\ndata: \(Self.hello)\r\n\r\n:\r\n\r\ndata: \(Self.stop)\r\n\r\n"
    )
    let (reader, verdicts) = read(bytes)
    #expect(verdicts == [.pass, .pass, .pass, .pass])
    #expect(reader.isWhole)
    #expect(!reader.isDone)
  }

  @Test("knows that a stream was cut")
  func cut() {
    #expect(!read(stream([], done: false)).reader.isWhole)
    #expect(!read(stream([Self.role, Self.hello], done: false)).reader.isWhole)
    #expect(read(stream([Self.hello, Self.stop], done: false)).reader.isWhole)
    let second = #"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#
    #expect(!read(stream([Self.hello, second, Self.stop], done: false)).reader.isWhole)
  }

  @Test("does not take an answer that was cut by its length as a whole one")
  func lengthCut() {
    let length = #"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#
    let (reader, _) = read(stream([Self.hello, length]))
    #expect(reader.isWhole)
    #expect(!reader.isWholeAnswer)
    #expect(!read(stream([Self.hello])).reader.isWholeAnswer)
  }

  @Test(
    "knows that an upstream failed",
    arguments: [
      #"data: {"error":{"message":"x"}}"#, #"data: not json"#, "data: []", "data: 7",
      "event: error\ndata: {}", #"data: {"choices":["#,
    ]
  )
  func failed(frame: String) {
    let (reader, verdicts) = read(
      stream([Self.hello], done: false) + [UInt8](frame + "\n\ndata: [DONE]\n\n")
    )
    #expect(verdicts == [.pass, .failed, .hide])
    #expect(reader.hasFailed)
    #expect(!reader.isWhole)
  }

  @Test("lets nothing follow the end")
  func afterDone() {
    let (reader, verdicts) = read(stream([Self.stop]) + stream([Self.hello]))
    #expect(verdicts == [.pass, .done, .hide, .hide])
    #expect(reader.isWhole)
  }

  @Test("sees no output in a role alone, and tool calls as output")
  func output() {
    #expect(!read(stream([Self.role])).reader.hasOutput)
    let call = #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]}}]}"#
    let (reader, _) = read(stream([call]))
    #expect(reader.hasOutput)
    #expect(reader.hasToolCalls)
  }

  @Test("does not grow with an absurd choice index")
  func absurdIndex() {
    for index in ["1000000000", "-1", "9223372036854775807"] {
      let (reader, _) = read(stream([#"{"choices":[{"index":\#(index),"delta":{}}]}"#]))
      #expect(reader.finishReasons.count <= 1)
    }
  }
}
