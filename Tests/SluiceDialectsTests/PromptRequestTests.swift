import SluiceCore
import SluiceDialects
import SluicePolicy
import Testing

@Suite("A completion or an embedding")
struct PromptRequestTests {
  private func completion(_ fields: String) throws -> ModelRequest {
    try ModelRequest([UInt8](#"{"model":"m",\#(fields)}"#), for: .completions)
  }

  private func embedding(_ fields: String) throws -> ModelRequest {
    try ModelRequest([UInt8](#"{"model":"m",\#(fields)}"#), for: .embeddings)
  }

  private func counted(_ request: ModelRequest) -> [String] {
    var texts: [String] = []
    request.forEachCountedText { text in
      texts.append(String(decoding: text.indices.map { text[$0] }, as: UTF8.self))
    }
    return texts
  }

  @Test("is read with what the gateway must understand")
  func reads() throws {
    let request = try completion(
      #""prompt":"a\u0062","suffix":"c","stream":true,"max_tokens":5,"n":2,"best_of":3,"echo":true"#
    )
    #expect(request.service == .completions)
    #expect(request.isStreaming && !request.wantsUsage)
    #expect(request.outputLimit == 5)
    #expect((request.choiceCount, request.n, request.inputCount) == (2, 3, 1))
    #expect(request.lastUserText == "ab" && request.allText == "ab")
    #expect(counted(request) == ["ab", "c"])
    #expect(request.messageCount == 0)
  }

  @Test("writes an answer for each prompt of a list; an embedding writes none, and never streams")
  func counts() throws {
    let batch = try completion(#""prompt":["a","b","c"],"n":2"#)
    #expect((batch.choiceCount, batch.n, batch.inputCount) == (6, 6, 3))
    #expect(batch.allText == "a\nb\nc")
    let texts = try embedding(#""input":["a","b"],"stream":true"#)
    #expect((texts.choiceCount, texts.n, texts.inputCount) == (0, 0, 2))
    #expect(!texts.isStreaming)
    let huge = try completion(#""prompt":["a","b"],"n":9223372036854775807"#)
    #expect(huge.n == .max)
  }

  @Test(
    "counts tokens that are sent as numbers, all and the longest list",
    arguments: [("[1,2,3]", 1, 3, 3), ("[[1,2],[3,4,5]]", 2, 5, 3), (#"["a"]"#, 1, 0, 0)]
  )
  func numbers(input: String, inputs: Int, all: Int, longest: Int) throws {
    for request in [try embedding(#""input":\#(input)"#), try completion(#""prompt":\#(input)"#)] {
      #expect(request.inputCount == inputs)
      #expect(request.numberedTokens == (all, longest))
      #expect(request.isTextOnly == (all == 0))
    }
  }

  @Test(
    "is refused where its input is none, naming the field",
    arguments: [
      (#""x":1"#, "missing_required_parameter"), (#""F":null"#, "missing_required_parameter"),
      (#""F":7"#, "invalid_type"), (#""F":{}"#, "invalid_type"), (#""F":[]"#, "empty_array"),
      (#""F":[[]]"#, "empty_array"), (#""F":[[1],[]]"#, "empty_array"),
      (#""F":["a",1]"#, "invalid_type"), (#""F":[1,"a"]"#, "invalid_type"),
      (#""F":[[1],2]"#, "invalid_type"), (#""F":[null]"#, "invalid_type"),
      (#""F":[1.5]"#, "invalid_type"), (#""F":[-1]"#, "invalid_type"),
      (#""F":[[1,"a"]]"#, "invalid_type"), (#""F":[{}]"#, "invalid_type"),
    ]
  )
  func refuses(fields: String, code: String) throws {
    for (service, field) in [
      (ModelSettings.Service.completions, "prompt"), (.embeddings, "input"),
    ] {
      let body = [UInt8](#"{"model":"m",\#(fields.replacing("F", with: field))}"#)
      let error = #expect(throws: APIError.self) { try ModelRequest(body, for: service) }
      #expect(error?.code == code && error?.param == field && error?.status == 400)
    }
    #expect(throws: APIError.self) { try completion(#""prompt":"a","suffix":1"#) }
    #expect(throws: APIError.self) { try completion(#""prompt":"a","best_of":0"#) }
  }

  @Test("goes on as it came, but for the model and the usage chunk")
  func upstreamBody() throws {
    let stream = try completion(#""prompt":[1,2],"stream":true,"logit_bias":{"50256":-1e2}"#)
    #expect(
      stream.upstreamBody(model: "up").text
        == #"{"model":"up","prompt":[1,2],"stream":true,"logit_bias":{"50256":-1e2},"stream_options":{"include_usage":true}}"#
    )
    let texts = try embedding(#""input":"a","encoding_format":"base64","dimensions":8"#)
    #expect(
      texts.upstreamBody(model: "up").text
        == #"{"model":"up","input":"a","encoding_format":"base64","dimensions":8}"#
    )
  }

  @Test("an answer of embeddings is whole with its data, and costs its input")
  func embeddings() throws {
    let reply = try #require(
      ModelReply(
        [UInt8](
          #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,1]}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}"#
        ),
        for: .embeddings
      )
    )
    #expect(reply.isWhole)
    #expect(reply.usage == Usage(prompt: 8, completion: 0))
    let empty = ModelReply([UInt8](#"{"object":"list","data":[]}"#), for: .embeddings)
    #expect(empty?.isWhole == false)
    #expect(ModelReply([UInt8](#"{"choices":[]}"#), for: .embeddings) == nil)
    #expect(ModelReply([UInt8](#"{"data":[]}"#), for: .completions) == nil)
  }

  @Test("an answer of embeddings may hold more values than other texts")
  func manyValues() {
    let numbers = String(repeating: "0,", count: Bounds.jsonNodes) + "0"
    let body = [UInt8](#"{"data":[{"embedding":[\#(numbers)]}]}"#)
    #expect(ModelReply(body, for: .embeddings) != nil)
    #expect(ModelReply(body) == nil)
  }
}

@Suite("The stream of a completion")
struct CompletionStreamTests {
  private static let chunks = [
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[{"text":"h\u00e9\ud83d","index":0,"logprobs":null,"finish_reason":null}]}"#,
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[{"text":"\ude00","index":0,"logprobs":null,"finish_reason":null}]}"#,
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[{"text":"two","index":1,"logprobs":null,"finish_reason":"stop"}]}"#,
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}"#,
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
  ]
  private static let plain =
    #"{"id":"c","object":"text_completion","created":7,"model":"g","choices":[{"index":0,"text":"hé😀","logprobs":null,"finish_reason":"stop"},{"index":1,"text":"two","logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#

  @Test("is metered, and put together as the plain answer")
  func assembles() throws {
    let (reader, verdicts) = read(stream(Self.chunks), assembles: true)
    #expect(reader.usage == Usage(prompt: 1, completion: 2))
    #expect(reader.hasOutput && reader.isWholeAnswer)
    #expect(verdicts == [.pass, .pass, .pass, .pass, .hide, .done])
    let reply = try #require(reader.assembledReply)
    #expect(try canonical(reply) == canonical([UInt8](Self.plain)))
  }

  @Test("is whole without [DONE] once every choice has ended, and not before")
  func isWhole() {
    #expect(read(stream(Self.chunks, done: false)).reader.isWhole)
    #expect(!read(stream(Array(Self.chunks.prefix(3)), done: false)).reader.isWhole)
  }

  @Test("comes back from a plain answer as chunks that hold text, and make the same answer")
  func replays() throws {
    let reply = try #require(ModelReply([UInt8](Self.plain), for: .completions))
    for usage in [false, true] {
      var output: [UInt8] = []
      ReplayStream(reply.document, includesUsage: usage).append(to: &output)
      #expect(!output.text.contains("delta") && !output.text.contains("chat.completion"))
      #expect(output.text.contains("usage") == usage)
      let (reader, _) = read(output, wantsUsage: true, assembles: true)
      #expect(reader.isDone && reader.isWholeAnswer)
      guard usage else { continue }
      let again = try #require(reader.assembledReply)
      #expect(try canonical(again) == canonical([UInt8](Self.plain)))
    }
  }
}
