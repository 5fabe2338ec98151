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
  /// Whether tools or functions are offered.
  package let hasTools: Bool

  private let temperatureValue: JSONValue?
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

    guard let modelValue = fields[.model] else {
      throw .invalid(
        "You must provide `model`.",
        param: "model",
        code: "missing_required_parameter"
      )
    }
    guard let model = document.string(modelValue), !model.isEmpty else {
      throw fields.wrongType(.model, "a non-empty string")
    }
    guard let messages = fields[.messages] else {
      throw .invalid(
        "You must provide `messages`.",
        param: "messages",
        code: "missing_required_parameter"
      )
    }
    guard document.kind(of: messages) == .array else {
      throw fields.wrongType(.messages, "an array")
    }
    guard document.count(of: messages) > 0 else {
      throw .invalid(
        "`messages` must hold at least one message.",
        param: "messages",
        code: "empty_array"
      )
    }
    for message in document.elements(of: messages) where document.kind(of: message) != .object {
      throw fields.wrongType(.messages, "an array of objects")
    }

    self.document = document
    self.model = model
    self.modelValue = modelValue
    self.messages = messages
    isStreaming = try fields.bool(.stream) ?? false
    streamOptions = fields[.streamOptions]
    if let streamOptions {
      guard document.kind(of: streamOptions) == .object else {
        throw fields.wrongType(.streamOptions, "an object")
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
    maxTokens = try fields.positiveInt(.maxTokens)
    maxCompletionTokens = try fields.positiveInt(.maxCompletionTokens)
    n = try fields.positiveInt(.n) ?? 1
    temperatureValue = fields[.temperature]
    if let temperatureValue, document.kind(of: temperatureValue) != .number {
      throw fields.wrongType(.temperature, "a number")
    }
    hasTools = fields.isNonEmptyArray(.tools) || fields.isNonEmptyArray(.functions)
  }

  /// The temperature, `nil` unless said; infinite if it is beyond what a double holds.
  package var temperature: Double? { temperatureValue.flatMap { document.double($0) } }

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

  /// Calls `body` with every text that the model reads as tokens: the texts and refusals of each
  /// message, the names and arguments of its tool calls, and the JSON of the tools and
  /// functions that are offered, as it was sent.
  ///
  /// Texts without escapes are not copied.
  package func forEachCountedText(_ body: (Span<UInt8>) -> Void) {
    var buffer: [UInt8] = []
    func visit(_ value: JSONValue?) {
      guard let value, document.kind(of: value) == .string else { return }
      if document.hasEscapes(value) {
        buffer.removeAll(keepingCapacity: true)
        document.appendString(value, to: &buffer)
        body(buffer.span)
      } else {
        body(document.contents(of: value).span)
      }
    }
    for message in document.elements(of: messages) {
      if let content = document.member("content", of: message) {
        visit(content)
        for part in document.elements(of: content) {
          visit(document.member("text", of: part))
          visit(document.member("refusal", of: part))
        }
      }
      visit(document.member("refusal", of: message))
      guard let calls = document.member("tool_calls", of: message) else { continue }
      for call in document.elements(of: calls) {
        guard let function = document.member("function", of: call) else { continue }
        visit(document.member("name", of: function))
        visit(document.member("arguments", of: function))
      }
    }
    for name in ["tools", "functions"] {
      guard let offered = document.member(name, of: document.root), !document.isNull(offered)
      else { continue }
      body(document.text(of: offered).span)
    }
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

/// The top-level fields of a body that the gateway reads; `null` counts as left out, as it does for
/// OpenAI.
private struct BodyFields {
  enum Name: Int {
    case model
    case messages
    case stream
    case streamOptions
    case maxTokens
    case maxCompletionTokens
    case n
    case temperature
    case tools
    case functions

    init?(_ spelling: String) {
      switch spelling {
      case "model": self = .model
      case "messages": self = .messages
      case "stream": self = .stream
      case "stream_options": self = .streamOptions
      case "max_tokens": self = .maxTokens
      case "max_completion_tokens": self = .maxCompletionTokens
      case "n": self = .n
      case "temperature": self = .temperature
      case "tools": self = .tools
      case "functions": self = .functions
      default: return nil
      }
    }

    var spelling: String {
      switch self {
      case .model: "model"
      case .messages: "messages"
      case .stream: "stream"
      case .streamOptions: "stream_options"
      case .maxTokens: "max_tokens"
      case .maxCompletionTokens: "max_completion_tokens"
      case .n: "n"
      case .temperature: "temperature"
      case .tools: "tools"
      case .functions: "functions"
      }
    }
  }

  let document: JSONDocument
  private var values = InlineArray<10, JSONValue?>(repeating: nil)

  /// Visits each member once.
  init(document: JSONDocument) {
    self.document = document
    for member in document.members(of: document.root) where !document.isNull(member.value) {
      if let name = name(of: member.key) { values[name.rawValue] = member.value }
    }
  }

  /// Which name a key is; its length leaves one or two to compare, without making a string.
  private func name(of key: JSONValue) -> Name? {
    if document.hasEscapes(key) { return document.string(key).flatMap { Name($0) } }
    return switch document.range(of: key).count - 2 {
    case 1: document.isString(key, equalTo: "n") ? .n : nil
    case 5:
      document.isString(key, equalTo: "model")
        ? .model : document.isString(key, equalTo: "tools") ? .tools : nil
    case 6: document.isString(key, equalTo: "stream") ? .stream : nil
    case 8: document.isString(key, equalTo: "messages") ? .messages : nil
    case 9: document.isString(key, equalTo: "functions") ? .functions : nil
    case 10: document.isString(key, equalTo: "max_tokens") ? .maxTokens : nil
    case 11: document.isString(key, equalTo: "temperature") ? .temperature : nil
    case 14: document.isString(key, equalTo: "stream_options") ? .streamOptions : nil
    case 21:
      document.isString(key, equalTo: "max_completion_tokens") ? .maxCompletionTokens : nil
    default: nil
    }
  }

  subscript(_ name: Name) -> JSONValue? { values[name.rawValue] }

  func bool(_ name: Name) throws(APIError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard let bool = document.bool(value) else { throw wrongType(name, "a boolean") }
    return bool
  }

  func positiveInt(_ name: Name) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    guard let int = document.int(value) else { throw wrongType(name, "an integer") }
    guard int > 0 else {
      throw .invalid(
        "`\(name.spelling)` must be at least 1.",
        param: name.spelling,
        code: "integer_below_min_value"
      )
    }
    return Int(int)
  }

  func isNonEmptyArray(_ name: Name) -> Bool {
    self[name].map { document.kind(of: $0) == .array && document.count(of: $0) > 0 } ?? false
  }

  func wrongType(_ name: Name, _ wanted: String) -> APIError {
    .invalid(
      "`\(name.spelling)` must be \(wanted).",
      param: name.spelling,
      code: "invalid_type"
    )
  }
}
