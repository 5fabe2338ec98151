package import SluiceJSON
package import SluicePolicy

/// The body of a request that a model answers, checked as far as the gateway must understand it: a
/// chat, a completion, or texts to be embedded.
///
/// What they share is said once: what differs is where the input stands (`messages`, `prompt`,
/// `input`) and of what it is made. Fields that the gateway does not know pass unread. Texts are gathered when asked for, not
/// before: a policy that never looks at the prompt does not pay for it.
///
/// An object, so that the many who read it on the way of a request hold it at the price of one.
package final class ModelRequest: Sendable {
  /// Which of the paths it came by.
  package let service: ModelSettings.Service
  package let document: JSONDocument
  package let model: String
  package let isStreaming: Bool
  /// Whether the client itself asked for the usage chunk of a stream.
  package let wantsUsage: Bool
  package let maxTokens: Int?
  package let maxCompletionTokens: Int?
  /// Answers that are written at most: `n`, or `best_of`, for each input; 0 for embeddings, which
  /// write none.
  package let n: Int
  /// Choices that the reply holds: `n` for each input; 0 for embeddings.
  package let choiceCount: Int
  /// Inputs that a model reads each by itself: 1, or as many prompts or texts as stand in a list.
  package let inputCount: Int
  /// Whether tools or functions are offered.
  package let hasTools: Bool

  private let temperatureValue: JSONValue?
  /// `messages`, `prompt` or `input`.
  private let input: JSONValue
  private let suffix: JSONValue?
  private let modelValue: JSONValue
  private let streamOptions: JSONValue?

  /// Reads a body.
  ///
  /// - Throws: `APIError` in the words of OpenAI's own refusals, naming the field.
  package init(
    _ body: [UInt8],
    for service: ModelSettings.Service = .chat
  ) throws(APIError) {
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
    let name = BodyFields.Name.input(of: service)
    guard let input = fields[name] else {
      throw .invalid(
        "You must provide `\(name.spelling)`.",
        param: name.spelling,
        code: "missing_required_parameter"
      )
    }
    let inputCount = try fields.checkInput(input, name)

    self.service = service
    self.document = document
    self.model = model
    self.modelValue = modelValue
    self.input = input
    self.inputCount = inputCount
    isStreaming = service == .embeddings ? false : try fields.bool(.stream) ?? false
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
    let choices = try fields.positiveInt(.n) ?? 1
    switch service {
    case .chat:
      choiceCount = choices
      n = choices
    case .completions:
      choiceCount = Self.product(choices, inputCount)
      n = Self.product(max(choices, try fields.positiveInt(.bestOf) ?? 1), inputCount)
    case .embeddings:
      choiceCount = 0
      n = 0
    }
    suffix = service == .completions ? fields[.suffix] : nil
    if let suffix, document.kind(of: suffix) != .string {
      throw fields.wrongType(.suffix, "a string")
    }
    temperatureValue = fields[.temperature]
    if let temperatureValue, document.kind(of: temperatureValue) != .number {
      throw fields.wrongType(.temperature, "a number")
    }
    hasTools = fields.isNonEmptyArray(.tools) || fields.isNonEmptyArray(.functions)
  }

  private static func product(_ one: Int, _ two: Int) -> Int {
    let (product, overflows) = one.multipliedReportingOverflow(by: two)
    return overflows ? .max : product
  }

  /// The temperature, `nil` unless said; infinite if it is beyond what a double holds.
  package var temperature: Double? { temperatureValue.flatMap { document.double($0) } }

  /// The client's own bound on the output: `max_completion_tokens`, else `max_tokens`.
  package var outputLimit: Int? { maxCompletionTokens ?? maxTokens }
}

// MARK: Texts

extension ModelRequest {
  /// The text of the last message whose role is `user`; empty if there is none.
  ///
  /// Without messages, all text.
  package var lastUserText: String {
    guard service == .chat else { return allText }
    var last: JSONValue?
    for message in messages where isFrom("user", message) { last = message }
    guard let last else { return "" }
    // Nearly always one string, which needs no buffer between.
    if let content = document.member("content", of: last), let text = document.string(content) {
      return text
    }
    var text: [UInt8] = []
    appendText(of: last, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The text of all messages of every role, or of all prompts, in order, joined by line feeds.
  ///
  /// Tokens that were sent as numbers have no text.
  package var allText: String {
    var text: [UInt8] = []
    guard service == .chat else {
      for value in inputs where document.kind(of: value) == .string {
        if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
        document.appendString(value, to: &text)
      }
      return String(decoding: text, as: UTF8.self)
    }
    for message in messages {
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
  /// functions that are offered, as it was sent; or each prompt and the suffix.
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
    guard service == .chat else {
      for value in inputs { visit(value) }
      visit(suffix)
      return
    }
    for message in messages {
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

  /// Bytes of the body, of which no token of the input has less than one.
  package var bodyBytes: Int { document.bytes.count }

  /// Bytes of the schema that the answer is to follow, which the model reads.
  package var formatBytes: Int {
    document.member("response_format", of: document.root).map { document.text(of: $0).count } ?? 0
  }

  /// 0 unless it is a chat.
  package var messageCount: Int { service == .chat ? document.count(of: input) : 0 }

  /// Tokens that were sent as numbers: of all inputs, and of the longest.
  package var numberedTokens: (all: Int, longest: Int) {
    guard service != .chat else { return (0, 0) }
    var (all, longest) = (0, 0)
    for value in inputs {
      // Of an array of numbers, the one input is the array.
      let count = document.count(of: value)
      all += count
      longest = max(longest, count)
    }
    return (all, longest)
  }

  /// What there is to answer, in the words of a trail.
  package var inputSummary: String {
    switch service {
    case .chat: "\(messageCount) messages"
    case .completions: "\(inputCount) \(inputCount == 1 ? "prompt" : "prompts")"
    case .embeddings: "\(inputCount) \(inputCount == 1 ? "input" : "inputs")"
    }
  }

  /// The messages of a chat.
  var messages: JSONDocument.Elements { document.elements(of: input) }

  /// The prompts, or the texts to embed, each a string or an array of numbers.
  package var inputs: [JSONValue] {
    guard document.kind(of: input) == .array,
      let first = document.elements(of: input).first(where: { _ in true }),
      document.kind(of: first) != .number
    else { return [input] }
    return Array(document.elements(of: input))
  }

  /// Whether a message has a part that is an image.
  package var hasImages: Bool { hasPart(["image_url", "input_image", "image"]) }

  /// Whether a message has a part that is sound.
  package var hasAudio: Bool { hasPart(["input_audio", "audio"]) }

  /// Whether every message or prompt is text only, so that the text is all there is to see.
  package var isTextOnly: Bool {
    guard service == .chat else { return numberedTokens.all == 0 }
    for message in messages {
      guard let content = document.member("content", of: message) else { continue }
      for part in document.elements(of: content) {
        guard let type = document.member("type", of: part),
          document.isString(type, equalTo: "text") || document.isString(type, equalTo: "refusal")
        else { return false }
      }
    }
    return true
  }

  func isFrom(_ role: String, _ message: JSONValue) -> Bool {
    document.member("role", of: message).map { document.isString($0, equalTo: role) } ?? false
  }

  /// Content is a string, or an array of parts of which those of type `text` count.
  func appendText(of message: JSONValue, to text: inout [UInt8]) {
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
    guard service == .chat else { return parts }
    for message in messages {
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

extension ModelRequest {
  /// The body to send: `model` replaced, the output clamp written, and the usage chunk asked for if
  /// it is a stream.
  ///
  /// The clamp goes where the client has no bound of its own or a larger one: into the field that it
  /// sent, else into `outputField`. Every other byte stays as the client sent it. `include_usage` is added only to streams, since
  /// some upstreams refuse `stream_options` elsewhere; other stream options stay.
  ///
  /// - Parameters:
  ///   - model: the upstream's name of it.
  ///   - clamp: the most tokens of an answer; `nil`: the client's own word stays.
  ///   - outputField: where the model takes it.
  /// - Returns: the bytes of the body.
  package func upstreamBody(
    model: String,
    clamp: Int? = nil,
    outputField: String = "max_tokens"
  ) -> [UInt8] {
    var edit = JSONEdit(document)
    if model != self.model {
      var name: [UInt8] = []
      name.reserveCapacity(model.utf8.count + 2)
      name.appendJSONString(model)
      edit.replace(modelValue, by: name)
    }
    if let clamp {
      let text = Array(String(clamp).utf8)
      let said = [("max_completion_tokens", maxCompletionTokens), ("max_tokens", maxTokens)]
      for case (let name, let value?) in said where value > clamp {
        edit.set(name, to: text, in: document.root)
      }
      if outputLimit == nil {
        // Completions know one field only.
        edit.set(
          service == .completions ? "max_tokens" : outputField,
          to: text,
          in: document.root
        )
      }
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
      omitting: Self.withoutEffect,
      to: &output
    )
  }

  private static let withoutEffect: JSONNames = ["model", "stream", "stream_options", "user"]
}

/// The top-level fields of a body that the gateway reads; `null` counts as left out, as it does for
/// OpenAI.
private struct BodyFields {
  enum Name: Int, CaseIterable {
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
    case prompt
    case input
    case suffix
    case bestOf

    /// Where the input of a request stands.
    static func input(of service: ModelSettings.Service) -> Name {
      switch service {
      case .chat: .messages
      case .completions: .prompt
      case .embeddings: .input
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
      case .prompt: "prompt"
      case .input: "input"
      case .suffix: "suffix"
      case .bestOf: "best_of"
      }
    }
  }

  let document: JSONDocument
  private var values = InlineArray<14, JSONValue?>(repeating: nil)

  /// Visits each member once.
  init(document: JSONDocument) {
    self.document = document
    var values = values
    document.forEachMember(of: document.root, named: Self.names) { place, value in
      if !document.isNull(value) { values[place] = value }
    }
    self.values = values
  }

  private static let names = JSONNames(Name.allCases.map(\.spelling))

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

  /// Checks where the input stands.
  ///
  /// - Returns: how many inputs it is.
  func checkInput(_ value: JSONValue, _ name: Name) throws(APIError) -> Int {
    let isChat = name == .messages
    if !isChat, document.kind(of: value) == .string { return 1 }
    guard document.kind(of: value) == .array else {
      throw wrongType(name, isChat ? "an array" : "a string or an array")
    }
    guard let first = document.elements(of: value).first(where: { _ in true }) else {
      throw empty(name)
    }
    let kind = document.kind(of: first)
    guard isChat ? kind == .object : kind == .string || kind == .number || kind == .array else {
      throw wrongType(name, isChat ? "an array of objects" : Self.inputTypes)
    }
    for element in document.elements(of: value) {
      guard document.kind(of: element) == kind, kind != .number || isToken(element) else {
        throw wrongType(name, isChat ? "an array of objects" : Self.inputTypes)
      }
      guard kind == .array else { continue }
      guard document.count(of: element) > 0 else { throw empty(name) }
      for token in document.elements(of: element) where !isToken(token) {
        throw wrongType(name, Self.inputTypes)
      }
    }
    return isChat || kind == .number ? 1 : document.count(of: value)
  }

  private static let inputTypes =
    "a string, an array of strings, an array of tokens, or an array of such arrays"

  private func isToken(_ value: JSONValue) -> Bool { document.int(value).map { $0 >= 0 } ?? false }

  private func empty(_ name: Name) -> APIError {
    .invalid(
      name == .messages
        ? "`messages` must hold at least one message."
        : "`\(name.spelling)` must not be empty, nor may an array in it.",
      param: name.spelling,
      code: "empty_array"
    )
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
