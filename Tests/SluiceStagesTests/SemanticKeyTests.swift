import SluiceCore
import SluiceDialects
import SluicePipeline
import SluicePolicy
import SluiceStages
import Testing

@Suite("Semantic key")
struct SemanticKeyTests {
  private func key(
    _ body: String,
    service: ModelSettings.Service = .chat,
    scope: CacheScope = .product
  ) throws -> SemanticKey {
    try SemanticKey(
      try ModelRequest(Array(body.utf8), for: service),
      scope: scope,
      product: "support",
      target: "fast",
      primary: ModelSettings(
        name: "m",
        upstream: "u",
        upstreamName: "m",
        context: 1,
        maxOutput: 1
      ),
      extra: nil
    )
  }

  private func asked(_ messages: String, _ fields: String = "") -> String {
    #"{"model":"m","messages":[\#(messages)]\#(fields)}"#
  }

  private let question = #"{"role":"user","content":"Reset my password"}"#

  private func bypass(_ body: String, service: ModelSettings.Service = .chat) -> String? {
    do {
      _ = try key(body, service: service)
      return nil
    } catch let bypass as SemanticKey.Bypass {
      return bypass.name
    } catch {
      return "\(error)"
    }
  }

  @Test("the last user turn is the question; everything else is context")
  func context() throws {
    let plain = try key(asked(question))
    #expect(plain.text == "Reset my password")
    let otherWords = try key(asked(#"{"role":"user","content":"I forgot my password"}"#))
    #expect(otherWords.context == plain.context)
    let contexts = try [
      asked(question),
      asked(#"{"role":"system","content":"Be kind"},"# + question),
      asked(#"{"role":"system","content":"Be terse"},"# + question),
      asked(#"{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},"# + question),
      asked(#"{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},"# + question),
      asked(question, #","temperature":0.5"#),
      asked(question, #","max_tokens":5"#),
      asked(question, #","response_format":{"type":"json_object"}"#),
      asked(question, #","tools":[{"type":"function","function":{"name":"f"}}]"#),
      asked(#"{"role":"user","name":"ann","content":"Reset my password"}"#),
    ]
    .map { try key($0).context }
    #expect(Set(contexts).count == contexts.count)
    let scoped = try key(asked(question), scope: .tenant("a", isAnonymous: false))
    #expect(scoped.context != contexts[0])
    // What does not change the answer changes nothing here.
    let streamed = try key(asked(question, #","stream":true,"user":"x""#))
    #expect(streamed.context == plain.context)
  }

  @Test("what is no plain question passes by, with its reason")
  func bypasses() {
    let image = #"{"type":"image_url","image_url":{"url":"x"}}"#
    #expect(bypass(asked(#"{"role":"user","content":[\#(image)]}"#)) == "not_text_only")
    #expect(
      bypass(asked(question + #",{"role":"assistant","content":"x"}"#)) == "no_user_turn"
    )
    let call = #"{"role":"assistant","tool_calls":[{"id":"1"}]}"#
    #expect(bypass(asked(call + "," + question)) == "tool_calls")
    #expect(
      bypass(asked(#"{"role":"tool","tool_call_id":"1","content":"4"},"# + question))
        == "tool_calls"
    )
    #expect(bypass(asked(#"{"role":"user","content":" ?! "}"#)) == "empty")
    let long = String(repeating: "word ", count: 500)
    #expect(bypass(asked(#"{"role":"user","content":"\#(long)"}"#)) == "long")
    #expect(bypass(#"{"model":"m","prompt":"x"}"#, service: .completions) == "not_a_chat")
    // One of them would be compared, the other answered.
    #expect(bypass(asked(#"{"role":"user","content":"a","content":"b"}"#)) == "not_text_only")
  }

  @Test("parts of a text are context as to what else they say")
  func parts() throws {
    let text = #"{"type":"text","text":"Reset my password"}"#
    let one = try key(asked(#"{"role":"user","content":[\#(text)]}"#))
    let marked = #"{"type":"text","text":"Reset my password","x":1}"#
    let other = try key(asked(#"{"role":"user","content":[\#(marked)]}"#))
    #expect(one.text == other.text)
    #expect(one.context != other.context)
  }
}
