internal import SluiceJSON
internal import SluicePolicy

extension ModelRequest {
  /// Why the meaning of a request is not compared.
  package enum NoQuestion: String, Error, Sendable, CaseIterable {
    case notAChat = "not_a_chat"
    /// The last message is not the user's.
    case noUserTurn = "no_user_turn"
    /// A tool was called, or answered.
    case toolCalls = "tool_calls"
    /// Images, sound, files.
    case notTextOnly = "not_text_only"
  }

  /// The last user turn, and all that its answer depends on besides.
  ///
  /// What stands around the question is told as canonical text: every other message, every field but
  /// those that `appendCacheText` leaves out, tools and sampling too.
  package func question() throws(NoQuestion) -> (text: String, context: [UInt8]) {
    guard service == .chat else { throw .notAChat }
    guard isTextOnly else { throw .notTextOnly }
    var context: [UInt8] = []
    document.appendCanonical(
      document.root,
      omitting: Self.besidesQuestion,
      to: &context
    )
    var last: JSONValue?
    for message in messages {
      let called = ["tool_calls", "function_call"]
        .contains { name in
          document.member(name, of: message).map { !document.isNull($0) } ?? false
        }
      if called || isFrom("tool", message) || isFrom("function", message) { throw .toolCalls }
      if let last { document.appendCanonical(last, to: &context) }
      last = message
    }
    guard let last, isFrom("user", last) else { throw .noUserTurn }
    // A field that stands twice means one thing here and another upstream.
    guard document.repeatedKey(in: last) == nil else { throw .notTextOnly }
    document.appendCanonical(last, omitting: ["content"], to: &context)
    let content = document.member("content", of: last)
    for part in content.map({ Array(document.elements(of: $0)) }) ?? [] {
      guard document.repeatedKey(in: part) == nil else { throw .notTextOnly }
      document.appendCanonical(part, omitting: ["text"], to: &context)
    }
    var text: [UInt8] = []
    appendText(of: last, to: &text)
    return (String(decoding: text, as: UTF8.self), context)
  }

  private static let besidesQuestion: JSONNames = [
    "model", "stream", "stream_options", "user", "messages",
  ]
}
