internal import SluiceCore
package import SluiceJSON
package import SluicePolicy

/// A plain answer, as far as metering and the cache must understand it: a `chat.completion`, a
/// `text_completion`, or a list of embeddings.
///
/// Read at once is what every answer is asked for: what it used, and whether it is whole.
package struct ModelReply: Sendable {
  package let document: JSONDocument
  /// `nil` when the upstream counted nothing, or nothing that can be read.
  package let usage: Usage?
  /// Whether every choice came to its own end: not cut by a length, a filter or a failure.
  package let isWhole: Bool
  /// `nil` for embeddings.
  private let choices: JSONValue?

  /// Reads the body of a 200 reply.
  ///
  /// - Returns: `nil` if it is no JSON object with `choices`, or with `data` for embeddings.
  package init?(_ body: [UInt8], for service: ModelSettings.Service = .chat) {
    let isEmbedding = service == .embeddings
    // A vector is a value for each of its dimensions.
    let values = isEmbedding ? Bounds.embeddingNodes : Bounds.jsonNodes
    guard let document = try? JSONDocument(body[...], maximumValues: values) else { return nil }
    let root = document.root
    guard let parts = document.member(isEmbedding ? "data" : "choices", of: root),
      document.kind(of: parts) == .array
    else { return nil }
    self.document = document
    usage = Usage(document.member("usage", of: root), in: document)
    if isEmbedding {
      choices = nil
      isWhole = document.count(of: parts) > 0
    } else {
      choices = parts
      isWhole =
        document.count(of: parts) > 0
        && document.elements(of: parts)
          .allSatisfy { choice in
            let reason = document.member("finish_reason", of: choice)
            return FinishReason.isWhole(reason, in: document)
          }
    }
  }

  package var id: String? {
    document.member("id", of: document.root).flatMap { document.string($0) }
  }

  /// The model that says it answered.
  package var model: String? {
    document.member("model", of: document.root).flatMap { document.string($0) }
  }

  package var created: Int64? {
    document.member("created", of: document.root).flatMap { document.int($0) }
  }

  /// One for each choice, `nil` where it has none.
  package var finishReasons: [String?] {
    guard let choices else { return [] }
    return document.elements(of: choices)
      .map { document.member("finish_reason", of: $0).flatMap { document.string($0) } }
  }

  package var hasToolCalls: Bool {
    guard let choices else { return false }
    for choice in document.elements(of: choices) {
      guard let message = document.member("message", of: choice) else { continue }
      for name in ["tool_calls", "function_call"] {
        guard let calls = document.member(name, of: message) else { continue }
        if document.count(of: calls) > 0 { return true }
      }
    }
    return false
  }

  /// Bytes of the body.
  package var bytes: Int { document.bytes.count }
}

/// What `finish_reason` says about the end of an answer.
package enum FinishReason {
  /// Those with which the model ended by itself, or asked for a tool.
  private static let whole = ["stop", "tool_calls", "function_call"]

  package static func isWhole(_ reason: String) -> Bool { whole.contains(reason) }

  static func isWhole(_ reason: JSONValue?, in document: JSONDocument) -> Bool {
    guard let reason else { return false }
    return whole.contains { document.isString(reason, equalTo: $0) }
  }

  static func areWhole(_ reasons: [String?]) -> Bool {
    !reasons.isEmpty && reasons.allSatisfy { $0.map(isWhole) ?? false }
  }
}
