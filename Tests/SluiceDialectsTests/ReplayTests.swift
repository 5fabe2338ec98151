import SluiceDialects
import SluiceHTTP
import SluiceJSON
import Testing

struct ReplayTests {
  private func replay(_ reply: [UInt8], usage: Bool) throws -> [UInt8] {
    var output: [UInt8] = []
    ReplayStream(try JSONDocument(reply), includesUsage: usage).append(to: &output)
    return output
  }

  private func assembled(_ stream: [UInt8]) -> [UInt8]? {
    read(stream, wantsUsage: true, assembles: true).reader.assembledReply
  }

  @Test("puts a stream together as the plain reply")
  func assembles() throws {
    let chunks = [
      #"{"id":"c","object":"chat.completion.chunk","created":7,"model":"gpt","service_tier":"x","obfuscation":"a","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
      #"{"id":"c","object":"chat.completion.chunk","created":7,"model":"gpt","obfuscation":"bb","choices":[{"index":0,"delta":{"content":"h\u00e9\ud83d"}}]}"#,
      #"{"id":"c","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[{"index":0,"delta":{"content":"\ude00 \"q\"","reasoning_content":"so"}}]}"#,
      #"{"id":"c","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
      #"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
    ]
    let reply = try #require(assembled(stream(chunks)))
    #expect(
      try canonical(reply)
        == canonical(
          [UInt8](
            #"{"id":"c","object":"chat.completion","created":7,"model":"gpt","service_tier":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hé😀 \"q\"","refusal":null,"reasoning_content":"so"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#
          )
        )
    )
  }

  @Test("merges tool calls by index, in several choices")
  func mergesToolCalls() throws {
    let chunks = [
      #"{"id":"c","created":7,"model":"g","choices":[{"index":1,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"two","arguments":""}}]}}]}"#,
      #"{"choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"one","arguments":"{\"x\""}}]}}]}"#,
      #"{"choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"id":"","function":{"arguments":"{}"}}]}}]}"#,
      #"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
      #"{"choices":[{"index":1,"delta":{},"finish_reason":"tool_calls"}]}"#,
    ]
    let reply = try #require(assembled(stream(chunks)))
    #expect(
      try canonical(reply)
        == canonical(
          [UInt8](
            #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"one","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"two","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}]}"#
          )
        )
    )
    #expect(ModelReply(reply)?.hasToolCalls == true)
  }

  @Test("gives nothing for a stream that was cut, or cannot be joined faithfully")
  func givesNothing() {
    let hello = #"{"choices":[{"index":0,"delta":{"content":"hello"}}]}"#
    let strange = #"{"choices":[{"index":0,"delta":{"parts":[{"a":1}]}}]}"#
    #expect(assembled(stream([hello], done: false)) == nil)
    #expect(assembled(stream([hello, strange])) == nil)
    #expect(assembled(stream([])) == nil)
    #expect(read(stream([hello])).reader.assembledReply == nil)
  }

  @Test("gives up beyond its bound")
  func bounded() {
    let piece = String(repeating: "x", count: 500_000)
    let chunk = #"{"choices":[{"index":0,"delta":{"content":"\#(piece)"}}]}"#
    #expect(assembled(stream(Array(repeating: chunk, count: 8))) != nil)
    #expect(assembled(stream(Array(repeating: chunk, count: 9))) == nil)
  }

  @Test(
    "replays a reply as a stream that puts together to the same",
    arguments: [
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"hello","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","system_fingerprint":"f","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"one","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"two","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":{"content":[{"token":"a"},{"token":"b"}]},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":null,"refusal":"no"},"logprobs":null,"finish_reason":"stop","content_filter_results":{"hate":{"filtered":false}}}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"function_call":{"name":"f","arguments":"{}"}},"logprobs":null,"finish_reason":"function_call"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
    ]
  )
  func roundTrips(reply: String) throws {
    let stream = try replay([UInt8](reply), usage: true)
    let again = try #require(assembled(stream))
    // A content of no characters has no piece of its own; its role chunk says that it is there.
    #expect(try canonical(again) == canonical([UInt8](reply)))
  }

  @Test("cuts text into pieces that are whole by themselves", arguments: 0..<20)
  func pieces(seed: Int) throws {
    let units = [
      "a", "é", "€", "😀", #"\n"#, #"\""#, #"\\"#, #"\u00e9"#, #"\ud83d\ude00"#, #"\ud83d"#, #"\/"#,
    ]
    var content = ""
    var state = seed &* 7_919 &+ 1
    for _ in 0..<2_000 {
      state = (state &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF
      content += units[(state >> 8) % units.count]
    }
    let reply = [UInt8](
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"\#(content)","refusal":null},"logprobs":null,"finish_reason":"stop"}]}"#
    )
    let stream = try replay(reply, usage: false)
    let again = try #require(assembled(stream))
    #expect(try canonical(again) == canonical(reply))
    let frames = events(stream)
    #expect(frames.count > 10)
    for frame in frames.dropLast() { #expect(frame.frame.count < 800) }
  }

  @Test("sends usage only when asked, and null before it then")
  func usage() throws {
    let reply = [UInt8](
      #"{"id":"c","object":"chat.completion","created":7,"model":"g","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#
    )
    let without = try replay(reply, usage: false)
    #expect(!without.text.contains("usage"))
    let with = try replay(reply, usage: true)
    let frames = events(with).map { Array($0.data).text }
    #expect(frames.last == "[DONE]")
    #expect(frames.dropLast(2).allSatisfy { $0.contains(#""usage":null"#) })
    #expect(
      frames[frames.count - 2]
        .contains(
          #""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#
        )
    )
    #expect(frames.dropLast().allSatisfy { $0.contains(#""object":"chat.completion.chunk""#) })
    #expect(frames.dropLast().allSatisfy { $0.contains(#""id":"c""#) })
    #expect(read(without).reader.isWholeAnswer)
  }
}
