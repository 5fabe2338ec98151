package import SluiceJSON

/// The body of `POST /v1/chat/completions`, checked as far as the gateway must understand it.
///
/// Fields that the gateway does not know pass unread. Texts are gathered when asked for, not
/// before: a policy that never looks at the prompt does not pay for it.
package struct ChatRequest: Sendable {
  package let document: JSONDocument
  package let model: String
  package let isStreaming: Bool
  /// Whether the client itself asked for the usage chunk of a stream.
  package let wantsUsage: Bool
  package let maxTokens: Int?
  package let maxCompletionTokens: Int?
  /// Answers wanted, 1 unless said.
  package let n: Int
  package let temperature: Double?
  /// Whether tools or functions are offered.
  package let hasTools: Bool

  private let messages: JSONValue
  private let modelValue: JSONValue
  private let streamOptions: JSONValue?

  /// Reads a body.
  ///
  /// - Throws: `APIError` in the words of OpenAI's own refusals, naming the field.
  package init(_ body: [UInt8]) throws(APIError) {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(body)
    } catch {
      throw .invalid("The body is not valid JSON: \(error).", param: nil, code: "invalid_json")
    }
    let root = document.root
    guard document.kind(of: root) == .object else {
      throw .invalid("The body must be a JSON object.", param: nil, code: "invalid_type")
    }
    if document.repeatedKey(in: root) != nil {
      throw .invalid(
        "A field stands twice in the body, so its meaning is open. Send it once.",
        param: nil,
        code: "duplicate_field"
      )
    }
    let fields = BodyFields(document: document)

    guard let modelValue = fields["model"] else {
      throw .invalid(
        "You must provide `model`.",
        param: "model",
        code: "missing_required_parameter"
      )
    }
    guard let model = document.string(modelValue), !model.isEmpty else {
      throw fields.wrongType("model", "a non-empty string")
    }
    guard let messages = fields["messages"] else {
      throw .invalid(
        "You must provide `messages`.",
        param: "messages",
        code: "missing_required_parameter"
      )
    }
    guard document.kind(of: messages) == .array else {
      throw fields.wrongType("messages", "an array")
    }
    guard document.count(of: messages) > 0 else {
      throw .invalid(
        "`messages` must hold at least one message.",
        param: "messages",
        code: "empty_array"
      )
    }
    for message in document.elements(of: messages) where document.kind(of: message) != .object {
      throw fields.wrongType("messages", "an array of objects")
    }

    self.document = document
    self.model = model
    self.modelValue = modelValue
    self.messages = messages
    isStreaming = try fields.bool("stream") ?? false
    streamOptions = fields["stream_options"]
    if let streamOptions {
      guard document.kind(of: streamOptions) == .object else {
        throw fields.wrongType("stream_options", "an object")
      }
      guard document.repeatedKey(in: streamOptions) == nil else {
        throw .invalid(
          "A field stands twice in `stream_options`. Send it once.",
          param: "stream_options",
          code: "duplicate_field"
        )
      }
    }
    wantsUsage =
      isStreaming
      && streamOptions
        .flatMap { document.member("include_usage", of: $0) }
        .flatMap { document.bool($0) } ?? false
    maxTokens = try fields.positiveInt("max_tokens")
    maxCompletionTokens = try fields.positiveInt("max_completion_tokens")
    n = try fields.positiveInt("n") ?? 1
    temperature = try fields.number("temperature")
    hasTools = fields.isNonEmptyArray("tools") || fields.isNonEmptyArray("functions")
  }

  /// The client's own bound on the output: `max_completion_tokens`, else `max_tokens`.
  package var outputLimit: Int? { maxCompletionTokens ?? maxTokens }
}

// MARK: Texts

extension ChatRequest {
  /// The text of the last message whose role is `user`; empty if there is none.
  package var lastUserText: String {
    var last: JSONValue?
    for message in document.elements(of: messages) where isFrom("user", message) { last = message }
    guard let last else { return "" }
    var text: [UInt8] = []
    appendText(of: last, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The text of all messages of every role, in order, joined by line feeds.
  package var allText: String {
    var text: [UInt8] = []
    for message in document.elements(of: messages) {
      if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
      appendText(of: message, to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The names of the tools and functions that are offered, in their order.
  package var toolNames: [String] {
    var names: [String] = []
    for (list, holder) in [("tools", "function"), ("functions", nil)] as [(String, String?)] {
      guard let tools = document.member(list, of: document.root) else { continue }
      for tool in document.elements(of: tools) {
        let function = holder.map { document.member($0, of: tool) } ?? tool
        if let name = function.flatMap({ document.member("name", of: $0) })
          .flatMap({ document.string($0) })
        {
          names.append(name)
        }
      }
    }
    return names
  }

  package var messageCount: Int { document.count(of: messages) }

  /// Whether a message has a part that is an image.
  package var hasImages: Bool { hasPart(["image_url", "input_image", "image"]) }

  /// Whether a message has a part that is sound.
  package var hasAudio: Bool { hasPart(["input_audio", "audio"]) }

  /// Whether every message is text only, so that the text is all there is to see.
  package var isTextOnly: Bool {
    for part in parts() {
      guard let type = document.member("type", of: part),
        document.isString(type, equalTo: "text") || document.isString(type, equalTo: "refusal")
      else { return false }
    }
    return true
  }

  private func isFrom(_ role: String, _ message: JSONValue) -> Bool {
    document.member("role", of: message).map { document.isString($0, equalTo: role) } ?? false
  }

  /// Content is a string, or an array of parts of which those of type `text` count.
  private func appendText(of message: JSONValue, to text: inout [UInt8]) {
    guard let content = document.member("content", of: message) else { return }
    switch document.kind(of: content) {
    case .string: document.appendString(content, to: &text)
    case .array:
      var isFirst = true
      for part in document.elements(of: content) {
        guard let type = document.member("type", of: part),
          document.isString(type, equalTo: "text"),
          let value = document.member("text", of: part), document.kind(of: value) == .string
        else { continue }
        if !isFirst { text.append(UInt8(ascii: "\n")) }
        isFirst = false
        document.appendString(value, to: &text)
      }
    case .null, .bool, .number, .object: break
    }
  }

  /// The parts of all messages whose content is an array.
  private func parts() -> [JSONValue] {
    var parts: [JSONValue] = []
    for message in document.elements(of: messages) {
      guard let content = document.member("content", of: message) else { continue }
      parts += document.elements(of: content)
    }
    return parts
  }

  private func hasPart(_ types: [String]) -> Bool {
    parts()
      .contains { part in
        guard let type = document.member("type", of: part) else { return false }
        return types.contains { document.isString(type, equalTo: $0) }
      }
  }
}

// MARK: For the upstream and the cache

extension ChatRequest {
  /// The body to send: `model` replaced, and the usage chunk asked for if it is a stream.
  ///
  /// Every other byte stays as the client sent it. `include_usage` is added only to streams, since
  /// some upstreams refuse `stream_options` elsewhere; other stream options stay.
  package func upstreamBody(model: String) -> [UInt8] {
    var edit = JSONEdit(document)
    if model != self.model {
      var name: [UInt8] = []
      name.appendJSONString(model)
      edit.replace(modelValue, by: name)
    }
    if isStreaming, !wantsUsage {
      if let streamOptions {
        edit.set("include_usage", to: Array("true".utf8), in: streamOptions)
      } else {
        edit.set(
          "stream_options",
          to: Array(#"{"include_usage":true}"#.utf8),
          in: document.root
        )
      }
    }
    return edit.apply()
  }

  /// Appends what an exact cache key is made of: the canonical body without `model`, `stream`,
  /// `stream_options` and `user`, which do not change the answer.
  package func appendCacheText(to output: inout [UInt8]) {
    document.appendCanonical(
      document.root,
      omitting: ["model", "stream", "stream_options", "user"],
      to: &output
    )
  }
}

/// The top-level fields of a body; `null` counts as left out, as it does for OpenAI.
private struct BodyFields {
  let document: JSONDocument

  subscript(_ name: String) -> JSONValue? {
    guard let value = document.member(name, of: document.root), !document.isNull(value) else {
      return nil
    }
    return value
  }

  func bool(_ name: String) throws(APIError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard let bool = document.bool(value) else { throw wrongType(name, "a boolean") }
    return bool
  }

  func positiveInt(_ name: String) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    guard let int = document.int(value) else { throw wrongType(name, "an integer") }
    guard int > 0 else {
      throw .invalid(
        "`\(name)` must be at least 1.",
        param: name,
        code: "integer_below_min_value"
      )
    }
    return Int(int)
  }

  func number(_ name: String) throws(APIError) -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = document.double(value), number.isFinite else {
      throw wrongType(name, "a number")
    }
    return number
  }

  func isNonEmptyArray(_ name: String) -> Bool {
    self[name].map { document.kind(of: $0) == .array && document.count(of: $0) > 0 } ?? false
  }

  func wrongType(_ name: String, _ wanted: String) -> APIError {
    .invalid("`\(name)` must be \(wanted).", param: name, code: "invalid_type")
  }
}
