package import SluiceJSON

/// A plain `chat.completion`, as far as metering and the cache must understand it.
package struct ChatReply: Sendable {
  package let document: JSONDocument
  package let id: String?
  /// The model that says it answered.
  package let model: String?
  package let created: Int64?
  /// `nil` when the upstream counted nothing, or nothing that can be read.
  package let usage: Usage?
  /// One for each choice, `nil` where it has none.
  package let finishReasons: [String?]
  package let hasToolCalls: Bool

  /// Reads the body of a 200 reply.
  ///
  /// - Returns: `nil` if it is no JSON object with `choices`.
  package init?(_ body: [UInt8]) {
    guard let document = try? JSONDocument(body) else { return nil }
    let root = document.root
    guard let choices = document.member("choices", of: root), document.kind(of: choices) == .array
    else { return nil }
    self.document = document
    id = document.member("id", of: root).flatMap { document.string($0) }
    model = document.member("model", of: root).flatMap { document.string($0) }
    created = document.member("created", of: root).flatMap { document.int($0) }
    usage = Usage(document.member("usage", of: root), in: document)
    var reasons: [String?] = []
    var hasToolCalls = false
    for choice in document.elements(of: choices) {
      reasons.append(
        document.member("finish_reason", of: choice).flatMap { document.string($0) }
      )
      guard let message = document.member("message", of: choice) else { continue }
      for name in ["tool_calls", "function_call"] {
        guard let calls = document.member(name, of: message) else { continue }
        if document.count(of: calls) > 0 { hasToolCalls = true }
      }
    }
    finishReasons = reasons
    self.hasToolCalls = hasToolCalls
  }

  /// Bytes of the body.
  package var bytes: Int { document.bytes.count }

  /// Whether every choice came to its own end: not cut by a length, a filter or a failure.
  package var isWhole: Bool { FinishReason.areWhole(finishReasons) }
}

/// What `finish_reason` says about the end of an answer.
package enum FinishReason {
  /// The model ended by itself, or asked for a tool.
  package static func isWhole(_ reason: String) -> Bool {
    reason == "stop" || reason == "tool_calls" || reason == "function_call"
  }

  static func areWhole(_ reasons: [String?]) -> Bool {
    !reasons.isEmpty && reasons.allSatisfy { $0.map(isWhole) ?? false }
  }
}
