import SluiceDialects
import Testing

struct ModelRequestTests {
  @Test("reads what the gateway must understand")
  func reads() throws {
    let request = try request(
      #"""
      {"model":"auto","stream":true,"stream_options":{"include_usage":true},"max_tokens":5,
       "max_completion_tokens":7,"n":2,"temperature":0.5,"tools":[{"type":"function"}],
       "messages":[{"role":"system","content":"be"},{"role":"user","content":"hi"}],"x":[{}]}
      """#
    )
    #expect(request.model == "auto")
    #expect(request.isStreaming)
    #expect(request.wantsUsage)
    #expect(request.maxTokens == 5)
    #expect(request.maxCompletionTokens == 7)
    #expect(request.outputLimit == 7)
    #expect(request.n == 2)
    #expect(request.temperature == 0.5)
    #expect(request.hasTools)
    #expect(request.messageCount == 2)
  }

  @Test("takes what is left out, and null, as not said")
  func defaults() throws {
    let request = try request(
      #"{"model":"m","stream":null,"max_tokens":null,"n":null,"tools":null,"stream_options":null,"messages":[{"role":"user","content":"hi"}]}"#
    )
    #expect(!request.isStreaming)
    #expect(!request.wantsUsage)
    #expect(request.outputLimit == nil)
    #expect(request.n == 1)
    #expect(request.temperature == nil)
    #expect(!request.hasTools)
  }

  @Test("does not count include_usage without a stream")
  func usageWithoutStream() throws {
    let request = try request(
      #"{"model":"m","stream_options":{"include_usage":true},"messages":[{}]}"#
    )
    #expect(!request.wantsUsage)
  }

  @Test(
    "refuses in OpenAI's words, naming the field",
    arguments: [
      ("", nil, "invalid_json"), ("{", nil, "invalid_json"), ("[]", nil, "invalid_type"),
      ("null", nil, "invalid_type"), ("{}", "model", "missing_required_parameter"),
      (#"{"model":null}"#, "model", "missing_required_parameter"),
      (#"{"model":1}"#, "model", "invalid_type"), (#"{"model":""}"#, "model", "invalid_type"),
      (#"{"model":"m"}"#, "messages", "missing_required_parameter"),
      (#"{"model":"m","messages":{}}"#, "messages", "invalid_type"),
      (#"{"model":"m","messages":"hi"}"#, "messages", "invalid_type"),
      (#"{"model":"m","messages":[]}"#, "messages", "empty_array"),
      (#"{"model":"m","messages":["hi"]}"#, "messages", "invalid_type"),
      (#"{"model":"m","messages":[{}],"stream":"yes"}"#, "stream", "invalid_type"),
      (#"{"model":"m","messages":[{}],"stream":1}"#, "stream", "invalid_type"),
      (#"{"model":"m","messages":[{}],"stream_options":1}"#, "stream_options", "invalid_type"),
      (
        #"{"model":"m","messages":[{}],"stream_options":{"include_usage":true,"include_usage":false}}"#,
        "stream_options", "duplicate_field"
      ),
      (#"{"model":"m","messages":[{}],"max_tokens":0}"#, "max_tokens", "integer_below_min_value"),
      (#"{"model":"m","messages":[{}],"max_tokens":-1}"#, "max_tokens", "integer_below_min_value"),
      (#"{"model":"m","messages":[{}],"max_tokens":1.5}"#, "max_tokens", "invalid_type"),
      (#"{"model":"m","messages":[{}],"max_tokens":"1"}"#, "max_tokens", "invalid_type"),
      (#"{"model":"m","messages":[{}],"max_tokens":1e30}"#, "max_tokens", "invalid_type"),
      (
        #"{"model":"m","messages":[{}],"max_completion_tokens":0}"#, "max_completion_tokens",
        "integer_below_min_value"
      ),
      (#"{"model":"m","messages":[{}],"n":0}"#, "n", "integer_below_min_value"),
      (#"{"model":"m","messages":[{}],"temperature":"hot"}"#, "temperature", "invalid_type"),
      (#"{"model":"a","messages":[{}],"model":"b"}"#, nil, "duplicate_field"),
      (#"{"model":"a","messages":[{}],"mod\u0065l":"b"}"#, nil, "duplicate_field"),
    ] as [(String, String?, String)]
  )
  func refuses(body: String, param: String?, code: String) throws {
    do {
      _ = try request(body)
      Issue.record("took it")
    } catch let error as APIError {
      #expect(error.status == 400)
      #expect(error.type == "invalid_request_error")
      #expect(error.param == param)
      #expect(error.code == code)
    }
  }

  @Test(
    "finds the text of the last user turn",
    arguments: [
      (#"[{"role":"user","content":"a"}]"#, "a"),
      (
        #"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c\n\u00e9"}]"#,
        "c\né"
      ),
      (#"[{"role":"user","content":"a"},{"role":"tool","content":"b"}]"#, "a"),
      (#"[{"role":"system","content":"a"}]"#, ""), (#"[{"role":"user","content":null}]"#, ""),
      (#"[{"role":"user"}]"#, ""), (#"[{"role":"user","content":7}]"#, ""),
      (
        #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]"#,
        "a\nb"
      ),
      (#"[{"role":"user","content":[{"type":"text"},"x",{"type":"text","text":1}]}]"#, ""),
    ]
  )
  func lastUserText(messages: String, expected: String) throws {
    #expect(try request(#"{"model":"m","messages":\#(messages)}"#).lastUserText == expected)
  }

  @Test("gathers all text, and sees what is not text")
  func parts() throws {
    let plain = try request(
      #"{"model":"m","messages":[{"role":"system","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]}]}"#
    )
    #expect(plain.allText == "a\nb")
    #expect(plain.isTextOnly)
    #expect(!plain.hasImages)
    #expect(!plain.hasAudio)
    let rich = try request(
      #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}},{"type":"input_audio","input_audio":{}}]}]}"#
    )
    #expect(!rich.isTextOnly)
    #expect(rich.hasImages)
    #expect(rich.hasAudio)
  }

  @Test(
    "rewrites for the upstream what it must and not a byte more",
    arguments: [
      (
        "{ \"model\" : \"m\" ,\n\"x\":1.00,\"messages\":[{}] }",
        "{ \"model\" : \"up\" ,\n\"x\":1.00,\"messages\":[{}] }"
      ),
      (
        #"{"stream":false,"model":"m","messages":[{}]}"#,
        #"{"stream":false,"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream":true,"model":"m","messages":[{}]}"#,
        #"{"stream":true,"model":"up","messages":[{}],"stream_options":{"include_usage":true}}"#
      ),
      (
        #"{"stream":true,"stream_options":{"a":[1]},"model":"m","messages":[{}]}"#,
        #"{"stream":true,"stream_options":{"a":[1],"include_usage":true},"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream":true,"stream_options":{},"model":"m","messages":[{}]}"#,
        #"{"stream":true,"stream_options":{"include_usage":true},"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream":true,"stream_options":{"include_usage":false,"b":1},"model":"m","messages":[{}]}"#,
        #"{"stream":true,"stream_options":{"include_usage":true,"b":1},"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream":true,"stream_options":{"include_usage": true},"model":"m","messages":[{}]}"#,
        #"{"stream":true,"stream_options":{"include_usage": true},"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream":true,"stream_options":null,"model":"m","messages":[{}]}"#,
        #"{"stream":true,"stream_options":{"include_usage":true},"model":"up","messages":[{}]}"#
      ),
      (
        #"{"stream_options":{"include_usage":true},"model":"m","messages":[{}]}"#,
        #"{"stream_options":{"include_usage":true},"model":"up","messages":[{}]}"#
      ),
    ]
  )
  func rewrites(body: String, expected: String) throws {
    #expect(try request(body).upstreamBody(model: "up").text == expected)
  }

  @Test("keeps the client's bytes when the model is the same")
  func keeps() throws {
    let body = #"{"model":"\u006d","messages":[{}]}"#
    #expect(try request(body).upstreamBody(model: "m").text == body)
  }

  @Test("asks the cache the same for what the same answer serves")
  func cacheText() throws {
    func text(_ body: String) throws -> String {
      var output: [UInt8] = []
      try request(body).appendCacheText(to: &output)
      return output.text
    }
    let plain = try text(#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#)
    #expect(
      try plain
        == text(
          #"{ "user":"u","stream":true,"stream_options":{},"messages":[{"content":"h\u0069","role":"user"}],"model":"other"}"#
        )
    )
    #expect(try plain != text(#"{"model":"m","messages":[{"role":"user","content":"hi"}],"n":2}"#))
    #expect(try plain != text(#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#))
  }
}
