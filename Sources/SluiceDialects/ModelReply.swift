internal import SluiceCore
package import SluiceJSON
package import SluicePolicy

/// A plain answer, as far as metering and the cache must understand it: a `chat.completion`, a
/// `text_completion`, or a list of embeddings.
package struct ModelReply: Sendable {
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
  /// Whether every choice came to its own end: not cut by a length, a filter or a failure.
  package let isWhole: Bool

  /// Reads the body of a 200 reply.
  ///
  /// - Returns: `nil` if it is no JSON object with `choices`, or with `data` for embeddings.
  package init?(_ body: [UInt8], for service: ModelSettings.Service = .chat) {
    let isEmbedding = service == .embeddings
    // A vector is a value for each of its dimensions.
    let values = isEmbedding ? Bounds.embeddingNodes : Bounds.jsonNodes
    guard let document = try? JSONDocument(body[...], maximumValues: values) else { return nil }
    let root = document.root
    guard let choices = document.member(isEmbedding ? "data" : "choices", of: root),
      document.kind(of: choices) == .array
    else { return nil }
    self.document = document
    id = document.member("id", of: root).flatMap { document.string($0) }
    model = document.member("model", of: root).flatMap { document.string($0) }
    created = document.member("created", of: root).flatMap { document.int($0) }
    usage = Usage(document.member("usage", of: root), in: document)
    var reasons: [String?] = []
    var hasToolCalls = false
    if isEmbedding {
      isWhole = document.count(of: choices) > 0
      finishReasons = []
      self.hasToolCalls = false
      return
    }
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
    isWhole = FinishReason.areWhole(reasons)
    self.hasToolCalls = hasToolCalls
  }

  /// Bytes of the body.
  package var bytes: Int { document.bytes.count }
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
