internal import SluiceCore
internal import SluiceJSON

/// Puts the chunks of a stream together as the plain reply that they are the pieces of.
///
/// Strings of a delta are joined, tool calls merged by their index, everything else keeps its last
/// value; the bytes of strings are never decoded, since pieces of escaped text join to escaped
/// text. What cannot be joined faithfully (an object or array in a delta that is no tool call), or
/// grows beyond `Bounds.cachedReplyBytes`, makes `reply` `nil`: better no stored answer than another.
struct StreamAssembler: Sendable {
  /// Named values in the order they came.
  ///
  /// Names are their UTF-8: comparing those of every chunk as strings would cost more than the rest.
  private struct Members: Sendable {
    private var members: [(name: [UInt8], text: [UInt8])] = []

    subscript(_ name: String) -> [UInt8]? {
      members.first { $0.name.elementsEqual(name.utf8) }?.text
    }

    private func index(of name: ArraySlice<UInt8>) -> Int? {
      members.firstIndex { $0.name.count == name.count && $0.name.elementsEqual(name) }
    }

    func has(_ name: ArraySlice<UInt8>) -> Bool { index(of: name) != nil }

    mutating func join(_ name: ArraySlice<UInt8>, _ piece: ArraySlice<UInt8>) {
      if let index = index(of: name) {
        members[index].text += piece
      } else {
        members.append((Array(name), Array(piece)))
      }
    }

    mutating func keepFirst(_ name: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) {
      if !has(name) { members.append((Array(name), Array(text))) }
    }

    mutating func keepLast(_ name: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) {
      if let index = index(of: name) { members.remove(at: index) }
      members.append((Array(name), Array(text)))
    }

    func forEach(_ body: (String, [UInt8]) -> Void) {
      for member in members { body(String(decoding: member.name, as: UTF8.self), member.text) }
    }
  }

  private struct ToolCall: Sendable {
    var index: Int64
    /// `id`, `type` and whatever else stands beside `function`.
    var members = Members()
    /// `name` and whatever else stands beside `arguments`, as JSON.
    var function = Members()
    /// Joined and still escaped.
    var arguments: [UInt8] = []
    var hasFunction = false

    /// Adds a piece of the `function` object.
    ///
    /// - Returns: the bytes that it holds on to.
    mutating func add(function: JSONValue, of chunk: JSONDocument) -> Int {
      hasFunction = true
      var held = 0
      for member in chunk.members(of: function) where !chunk.isNull(member.value) {
        if chunk.isString(member.key, equalTo: "arguments") {
          arguments += chunk.contents(of: member.value)
        } else {
          self.function.keepFirst(chunk.name(member.key), chunk.text(of: member.value))
        }
        held += chunk.text(of: member.value).count
      }
      return held
    }
  }

  private struct Choice: Sendable {
    var index: Int64
    /// Of a text completion, joined and still escaped.
    var text: [UInt8]?
    /// Strings, joined and still escaped.
    var texts = Members()
    /// Other values of the delta, as JSON.
    var values = Members()
    /// Values beside the delta, as JSON.
    var besides = Members()
    var toolCalls: [ToolCall] = []
    var functionCall: ToolCall?
    /// Elements of `logprobs.content` and `logprobs.refusal`, joined by commas.
    var logprobs = Members()
    var hasLogprobs = false
  }

  private var head = Members()
  private var usage: [UInt8]?
  private var choices: [Choice] = []
  private var held = 0
  private var isFaithful = true

  /// Adds a chunk; chunks come in the order of the stream.
  mutating func add(_ chunk: JSONDocument) {
    guard isFaithful else { return }
    for member in chunk.members(of: chunk.root) where !chunk.isNull(member.value) {
      if chunk.isString(member.key, equalTo: "choices") {
        for choice in chunk.elements(of: member.value) { add(choice, of: chunk) }
      } else if chunk.isString(member.key, equalTo: "usage") {
        usage = Array(chunk.text(of: member.value))
      } else if chunk.isString(member.key, equalTo: "object")
        || chunk.isString(member.key, equalTo: "obfuscation")
      {
        // Each chunk has its own; `obfuscation` is padding against eavesdroppers.
        continue
      } else if !isContainer(member.value, in: chunk) {
        head.keepFirst(chunk.name(member.key), chunk.text(of: member.value))
      }
    }
    if held > Bounds.cachedReplyBytes { drop() }
  }

  /// Gives up, and frees what was held.
  private mutating func drop() {
    self = StreamAssembler()
    isFaithful = false
  }

  private mutating func hold(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    held += bytes.count
    return bytes
  }

  private func isContainer(_ value: JSONValue, in chunk: JSONDocument) -> Bool {
    switch chunk.kind(of: value) {
    case .array, .object: true
    case .null, .bool, .number, .string: false
    }
  }

  // MARK: Choices

  private mutating func add(_ value: JSONValue, of chunk: JSONDocument) {
    let index = chunk.member("index", of: value).flatMap { chunk.int($0) } ?? 0
    guard let position = position(ofChoice: index) else { return drop() }
    for member in chunk.members(of: value) where !chunk.isNull(member.value) {
      if chunk.isString(member.key, equalTo: "index") {
        continue
      } else if chunk.isString(member.key, equalTo: "delta") {
        add(delta: member.value, of: chunk, to: position)
      } else if chunk.isString(member.key, equalTo: "text"),
        chunk.kind(of: member.value) == .string
      {
        let piece = hold(chunk.contents(of: member.value))
        choices[position].text = (choices[position].text ?? []) + piece
      } else if chunk.isString(member.key, equalTo: "logprobs") {
        for list in chunk.members(of: member.value) where !chunk.isNull(list.value) {
          choices[position].hasLogprobs = true
          let kind = chunk.name(list.key)
          for element in chunk.elements(of: list.value) {
            if choices[position].logprobs.has(kind) {
              choices[position].logprobs.join(kind, [0x2C])
            }
            choices[position].logprobs.join(kind, hold(chunk.text(of: element)))
          }
        }
      } else {
        choices[position].besides
          .keepLast(chunk.name(member.key), hold(chunk.text(of: member.value)))
      }
      guard isFaithful else { return }
    }
  }

  private mutating func position(ofChoice index: Int64) -> Int? {
    if let position = choices.firstIndex(where: { $0.index == index }) { return position }
    guard index >= 0, choices.count < Bounds.choices else { return nil }
    choices.append(Choice(index: index))
    return choices.count - 1
  }

  private mutating func add(delta: JSONValue, of chunk: JSONDocument, to position: Int) {
    for member in chunk.members(of: delta) where !chunk.isNull(member.value) {
      if chunk.isString(member.key, equalTo: "role") {
        choices[position].values.keepFirst(chunk.name(member.key), chunk.text(of: member.value))
        continue
      }
      switch chunk.kind(of: member.value) {
      case .string:
        choices[position].texts
          .join(chunk.name(member.key), hold(chunk.contents(of: member.value)))
      case .bool, .number, .null:
        choices[position].values
          .keepLast(chunk.name(member.key), hold(chunk.text(of: member.value)))
      case .array where chunk.isString(member.key, equalTo: "tool_calls"):
        for call in chunk.elements(of: member.value) { add(call: call, of: chunk, to: position) }
      case .object where chunk.isString(member.key, equalTo: "function_call"):
        if choices[position].functionCall == nil {
          choices[position].functionCall = ToolCall(index: 0)
        }
        held += choices[position].functionCall?.add(function: member.value, of: chunk) ?? 0
      case .array, .object:
        if chunk.count(of: member.value) > 0 { return drop() }
      }
    }
  }

  private mutating func add(call: JSONValue, of chunk: JSONDocument, to position: Int) {
    // Some upstreams leave the index out when there is one call only.
    let index = chunk.member("index", of: call).flatMap { chunk.int($0) } ?? 0
    let place: Int
    if let known = choices[position].toolCalls.firstIndex(where: { $0.index == index }) {
      place = known
    } else {
      guard choices[position].toolCalls.count < Bounds.toolCalls else { return drop() }
      choices[position].toolCalls.append(ToolCall(index: index))
      place = choices[position].toolCalls.count - 1
    }
    for member in chunk.members(of: call) where !chunk.isNull(member.value) {
      if chunk.isString(member.key, equalTo: "index") {
        continue
      } else if chunk.isString(member.key, equalTo: "function") {
        held += choices[position].toolCalls[place].add(function: member.value, of: chunk)
      } else {
        let text = hold(chunk.text(of: member.value))
        if !text.elementsEqual("\"\"".utf8) {
          choices[position].toolCalls[place].members.keepFirst(chunk.name(member.key), text)
        }
      }
    }
  }
}

// MARK: The reply

extension StreamAssembler {
  /// The `chat.completion` or `text_completion`; `nil` if nothing came, or if it would not be faithful.
  ///
  /// Whether the stream came to its end is for `StreamReader` to say.
  var reply: [UInt8]? {
    guard isFaithful, !choices.isEmpty else { return nil }
    var writer = JSONWriter(reservingCapacity: held + 512)
    writer.beginObject()
    if let id = head["id"] {
      writer.key("id")
      writer.raw(id)
    }
    writer.key("object")
    writer.string(choices[0].text == nil ? "chat.completion" : "text_completion")
    head.forEach { name, text in
      guard name != "id" else { return }
      writer.key(name)
      writer.raw(text)
    }
    writer.key("choices")
    writer.beginArray()
    for choice in choices.sorted(by: { $0.index < $1.index }) { write(choice, to: &writer) }
    writer.endArray()
    if let usage {
      writer.key("usage")
      writer.raw(usage)
    }
    writer.endObject()
    return writer.bytes
  }

  private func write(_ choice: Choice, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("index")
    writer.int(choice.index)
    if let text = choice.text {
      writer.key("text")
      writer.string(escaped: text)
    } else {
      write(message: choice, to: &writer)
    }
    writer.key("logprobs")
    if choice.hasLogprobs {
      writer.beginObject()
      choice.logprobs.forEach { name, elements in
        writer.key(name)
        writer.raw([UInt8(ascii: "[")] + elements + [UInt8(ascii: "]")])
      }
      writer.endObject()
    } else {
      writer.null()
    }
    if choice.besides["finish_reason"] == nil {
      writer.key("finish_reason")
      writer.null()
    }
    choice.besides.forEach { name, text in
      writer.key(name)
      writer.raw(text)
    }
    writer.endObject()
  }

  private func write(message choice: Choice, to writer: inout JSONWriter) {
    writer.key("message")
    writer.beginObject()
    writer.key("role")
    writer.raw(choice.values["role"] ?? Array("\"assistant\"".utf8))
    // A reader may count on both, so they are there even if no piece was.
    for name in ["content", "refusal"] {
      writer.key(name)
      if let text = choice.texts[name], name == "content" || !text.isEmpty {
        writer.string(escaped: text)
      } else {
        writer.null()
      }
    }
    choice.texts.forEach { name, text in
      guard name != "content", name != "refusal" else { return }
      writer.key(name)
      writer.string(escaped: text)
    }
    choice.values.forEach { name, text in
      guard name != "role", choice.texts[name] == nil else { return }
      writer.key(name)
      writer.raw(text)
    }
    if !choice.toolCalls.isEmpty {
      writer.key("tool_calls")
      writer.beginArray()
      for call in choice.toolCalls.sorted(by: { $0.index < $1.index }) {
        writer.beginObject()
        call.members.forEach { name, text in
          writer.key(name)
          writer.raw(text)
        }
        if call.hasFunction {
          writer.key("function")
          write(function: call, to: &writer)
        }
        writer.endObject()
      }
      writer.endArray()
    }
    if let call = choice.functionCall {
      writer.key("function_call")
      write(function: call, to: &writer)
    }
    writer.endObject()
  }

  private func write(function call: ToolCall, to writer: inout JSONWriter) {
    writer.beginObject()
    call.function.forEach { name, text in
      writer.key(name)
      writer.raw(text)
    }
    writer.key("arguments")
    writer.string(escaped: call.arguments)
    writer.endObject()
  }
}

extension JSONDocument {
  /// The UTF-8 of a member's name.
  fileprivate func name(_ key: JSONValue) -> ArraySlice<UInt8> {
    guard hasEscapes(key) else { return contents(of: key) }
    var name: [UInt8] = []
    appendString(key, to: &name)
    return name[...]
  }
}
