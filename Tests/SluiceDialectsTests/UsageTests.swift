import SluiceDialects
import SluiceJSON
import Testing

struct UsageTests {
  private func usage(_ text: String) throws -> Usage? {
    let document = try JSONDocument([UInt8](text))
    return Usage(document.root, in: document)
  }

  @Test(
    "reads every shape",
    arguments: [
      (
        #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
        Usage(prompt: 10, completion: 5, total: 15)
      ),
      (
        #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":2,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#,
        Usage(
          prompt: 10,
          completion: 5,
          total: 15,
          cached: 4,
          reasoning: 3,
          promptAudio: 1,
          completionAudio: 2
        )
      ),
      (
        #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}"#,
        Usage(prompt: 10, completion: 5, total: 15)
      ),
      (
        #"{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":3}}"#,
        Usage(prompt: 10, completion: 5, total: 15, cached: 4, reasoning: 3)
      ),
      (#"{"prompt_tokens":10}"#, Usage(prompt: 10, completion: 0)),
      (#"{"prompt_tokens":10.0,"completion_tokens":5.0}"#, Usage(prompt: 10, completion: 5)),
      ("null", nil), ("{}", nil), ("7", nil), ("[]", nil), (#"{"total_tokens":5}"#, nil),
      (#"{"prompt_tokens":-1}"#, nil), (#"{"prompt_tokens":1.5}"#, nil),
      (#"{"prompt_tokens":"10"}"#, nil), (#"{"prompt_tokens":null,"completion_tokens":null}"#, nil),
    ] as [(String, Usage?)]
  )
  func reads(text: String, expected: Usage?) throws {
    #expect(try usage(text) == expected)
  }

  @Test("does not trap on absurd counts")
  func absurd() throws {
    let usage = try usage(
      #"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}"#
    )
    #expect(usage?.total == .max)
    #expect(try self.usage(#"{"prompt_tokens":1e300}"#) == nil)
  }
}

struct ModelReplyTests {
  private func completion(_ choices: String, rest: String = "") -> ModelReply? {
    ModelReply(
      [UInt8](
        #"{"id":"c","object":"chat.completion","created":7,"model":"gpt","choices":\#(choices)\#(rest)}"#
      )
    )
  }

  @Test("reads usage, model and finish reasons")
  func reads() throws {
    let reply = try #require(
      completion(
        #"[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]"#,
        rest: #","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#
      )
    )
    #expect(reply.id == "c")
    #expect(reply.model == "gpt")
    #expect(reply.created == 7)
    #expect(reply.usage == Usage(prompt: 1, completion: 2))
    #expect(reply.finishReasons == ["stop"])
    #expect(reply.isWhole)
    #expect(!reply.hasToolCalls)
  }

  @Test(
    "knows which answers are whole",
    arguments: [
      (#"[{"finish_reason":"stop"},{"finish_reason":"stop"}]"#, true),
      (#"[{"finish_reason":"tool_calls"}]"#, true),
      (#"[{"finish_reason":"stop"},{"finish_reason":"length"}]"#, false),
      (#"[{"finish_reason":"content_filter"}]"#, false), (#"[{"finish_reason":null}]"#, false),
      ("[{}]", false), ("[]", false),
    ]
  )
  func whole(choices: String, expected: Bool) {
    #expect(completion(choices)?.isWhole == expected)
  }

  @Test("sees tool calls")
  func toolCalls() {
    #expect(completion(#"[{"message":{"tool_calls":[{"id":"a"}]}}]"#)?.hasToolCalls == true)
    #expect(completion(#"[{"message":{"function_call":{"name":"a"}}}]"#)?.hasToolCalls == true)
    #expect(completion(#"[{"message":{"tool_calls":[]}}]"#)?.hasToolCalls == false)
    #expect(completion(#"[{"message":{"tool_calls":null}}]"#)?.hasToolCalls == false)
  }

  @Test(
    "is nil for what is no reply",
    arguments: ["", "[]", "null", "{}", #"{"choices":null}"#, #"{"error":{}}"#, "<html>"]
  )
  func refuses(body: String) {
    #expect(ModelReply([UInt8](body)) == nil)
  }
}

struct ModelListTests {
  @Test("lists models as OpenAI does")
  func lists() {
    let models = [
      ListedModel(id: "auto", created: 5, owner: "sluice"),
      ListedModel(id: "gpt-\"4\"", created: 6, owner: "openai"),
    ]
    #expect(
      ModelList.body(of: models).text
        == #"{"object":"list","data":[{"id":"auto","object":"model","created":5,"owned_by":"sluice"},{"id":"gpt-\"4\"","object":"model","created":6,"owned_by":"openai"}]}"#
    )
    #expect(ModelList.body(of: []).text == #"{"object":"list","data":[]}"#)
    #expect(
      models[0].body.text == #"{"id":"auto","object":"model","created":5,"owned_by":"sluice"}"#
    )
  }
}
