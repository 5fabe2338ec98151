internal import SluiceHTTP
package import SluiceJSON

/// Turns a stored plain reply back into the stream that a client asked for.
///
/// Each choice of a chat gives a chunk with its role, its texts in pieces, its tool calls, and a
/// chunk with its finish reason; each of a completion its text in pieces, and a chunk with the rest; then the usage chunk if it was asked for, and `[DONE]`. All chunks carry the
/// reply's own `id`, `created` and `model`. Strings are split where no character and no escape is
/// cut, and are never decoded.
package struct ReplayStream: Sendable {
  /// Bytes of one piece of text; small enough to arrive smoothly, large enough to cost little.
  private static let pieceBytes = 256

  private let reply: JSONDocument
  private let includesUsage: Bool

  /// - Parameters:
  ///   - reply: a `chat.completion` or a `text_completion`.
  ///   - includesUsage: whether the client asked for the usage chunk.
  package init(_ reply: JSONDocument, includesUsage: Bool) {
    self.reply = reply
    self.includesUsage = includesUsage
  }

  /// The whole stream, frame by frame, `[DONE]` included.
  package func append(to output: inout [UInt8]) {
    if let choices = reply.member("choices", of: reply.root) {
      var position = 0
      for choice in reply.elements(of: choices) {
        let index = reply.member("index", of: choice).flatMap { reply.int($0) } ?? Int64(position)
        append(choice, at: index, to: &output)
        position += 1
      }
    }
    if includesUsage, let usage = reply.member("usage", of: reply.root), !reply.isNull(usage) {
      appendChunk(to: &output) { writer in
        writer.key("choices")
        writer.beginArray()
        writer.endArray()
        writer.key("usage")
        writer.raw(reply.text(of: usage))
      }
    }
    EventStreamWriter.append(data: "[DONE]".utf8, to: &output)
  }

  private func append(_ choice: JSONValue, at index: Int64, to output: inout [UInt8]) {
    let message = reply.member("message", of: choice)
    if message == nil, let text = reply.member("text", of: choice), reply.kind(of: text) == .string
    {
      return append(text: text, of: choice, at: index, to: &output)
    }
    appendDelta(at: index, to: &output) { writer in
      writer.key("role")
      if let role = message.flatMap({ reply.member("role", of: $0) }) {
        writer.raw(reply.text(of: role))
      } else {
        writer.string("assistant")
      }
      // An empty content says that one follows; with tool calls alone it is null, as in OpenAI's.
      writer.key("content")
      if let content = message.flatMap({ reply.member("content", of: $0) }),
        reply.kind(of: content) == .string
      {
        writer.string("")
      } else {
        writer.null()
      }
    }
    if let message { append(message: message, at: index, to: &output) }
    appendChoice(at: index, to: &output) { writer in
      writer.key("delta")
      writer.beginObject()
      writer.endObject()
      for member in reply.members(of: choice)
      where !reply.isString(member.key, equalTo: "index")
        && !reply.isString(member.key, equalTo: "message")
      {
        writer.key(reply.string(member.key) ?? "")
        writer.raw(reply.text(of: member.value))
      }
    }
  }

  /// The choice of a text completion.
  private func append(
    text: JSONValue,
    of choice: JSONValue,
    at index: Int64,
    to output: inout [UInt8]
  ) {
    for piece in pieces(of: reply.contents(of: text)) {
      appendChoice(at: index, to: &output) { writer in
        writer.key("text")
        writer.string(escaped: piece)
        writer.key("logprobs")
        writer.null()
        writer.key("finish_reason")
        writer.null()
      }
    }
    appendChoice(at: index, to: &output) { writer in
      writer.key("text")
      writer.string("")
      for member in reply.members(of: choice)
      where !reply.isString(member.key, equalTo: "index")
        && !reply.isString(member.key, equalTo: "text")
      {
        writer.key(reply.string(member.key) ?? "")
        writer.raw(reply.text(of: member.value))
      }
    }
  }

  /// The message's members but its role, in their order.
  private func append(message: JSONValue, at index: Int64, to output: inout [UInt8]) {
    for member in reply.members(of: message) where !reply.isNull(member.value) {
      let name = reply.string(member.key) ?? ""
      switch (name, reply.kind(of: member.value)) {
      case ("role", _): break
      case (_, .string):
        for piece in pieces(of: reply.contents(of: member.value)) {
          appendDelta(at: index, to: &output) { writer in
            writer.key(name)
            writer.string(escaped: piece)
          }
        }
      case ("tool_calls", .array):
        var position = 0
        for call in reply.elements(of: member.value) {
          appendDelta(at: index, to: &output) { writer in
            writer.key(name)
            writer.beginArray()
            write(call: call, at: position, to: &writer)
            writer.endArray()
          }
          position += 1
        }
      case (_, .array), (_, .object):
        guard reply.count(of: member.value) > 0 else { break }
        appendDelta(at: index, to: &output) { writer in
          writer.key(name)
          writer.raw(reply.text(of: member.value))
        }
      case (_, .bool), (_, .number), (_, .null):
        appendDelta(at: index, to: &output) { writer in
          writer.key(name)
          writer.raw(reply.text(of: member.value))
        }
      }
    }
  }

  private func write(call: JSONValue, at position: Int, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("index")
    writer.int(position)
    for member in reply.members(of: call) where !reply.isString(member.key, equalTo: "index") {
      writer.key(reply.string(member.key) ?? "")
      writer.raw(reply.text(of: member.value))
    }
    writer.endObject()
  }

  // MARK: Chunks

  private func appendDelta(
    at index: Int64,
    to output: inout [UInt8],
    _ write: (inout JSONWriter) -> Void
  ) {
    appendChoice(at: index, to: &output) { writer in
      writer.key("delta")
      writer.beginObject()
      write(&writer)
      writer.endObject()
      writer.key("logprobs")
      writer.null()
      writer.key("finish_reason")
      writer.null()
    }
  }

  private func appendChoice(
    at index: Int64,
    to output: inout [UInt8],
    _ write: (inout JSONWriter) -> Void
  ) {
    appendChunk(to: &output) { writer in
      writer.key("choices")
      writer.beginArray()
      writer.beginObject()
      writer.key("index")
      writer.int(index)
      write(&writer)
      writer.endObject()
      writer.endArray()
      if includesUsage {
        writer.key("usage")
        writer.null()
      }
    }
  }

  private func appendChunk(to output: inout [UInt8], _ write: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    for member in reply.members(of: reply.root) {
      let name = reply.string(member.key) ?? ""
      switch (name, reply.kind(of: member.value)) {
      case ("choices", _), ("usage", _), (_, .array), (_, .object): break
      case ("object", _):
        writer.key(name)
        // The chunks of a text completion are called what the whole is.
        if reply.isString(member.value, equalTo: "text_completion") {
          writer.raw(reply.text(of: member.value))
        } else {
          writer.string("chat.completion.chunk")
        }
      case (_, .null), (_, .bool), (_, .number), (_, .string):
        writer.key(name)
        writer.raw(reply.text(of: member.value))
      }
    }
    write(&writer)
    writer.endObject()
    EventStreamWriter.append(data: writer.bytes, to: &output)
  }

  // MARK: Pieces

  /// Cuts escaped contents into pieces that are whole by themselves.
  private func pieces(of contents: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var start = contents.startIndex
    var index = start
    while index < contents.endIndex {
      index = unitEnd(of: contents, at: index)
      if index - start >= Self.pieceBytes || index == contents.endIndex {
        pieces.append(contents[start..<index])
        start = index
      }
    }
    return pieces
  }

  /// Behind the character or escape at `start`; a pair of escaped surrogates is one.
  private func unitEnd(of contents: ArraySlice<UInt8>, at start: Int) -> Int {
    guard contents[start] == UInt8(ascii: "\\") else {
      var index = start + 1
      while index < contents.endIndex, contents[index] & 0xC0 == 0x80 { index += 1 }
      return index
    }
    guard isUnicodeEscape(contents, at: start) else { return start + 2 }
    // Setting bit 5 makes letters lower case and leaves digits as they are.
    let isHigh =
      contents[start + 2] | 0x20 == UInt8(ascii: "d")
      && "89ab".utf8.contains(contents[start + 3] | 0x20)
    return isHigh && isUnicodeEscape(contents, at: start + 6) ? start + 12 : start + 6
  }

  private func isUnicodeEscape(_ contents: ArraySlice<UInt8>, at start: Int) -> Bool {
    start + 5 < contents.endIndex && contents[start] == UInt8(ascii: "\\")
      && contents[start + 1] == UInt8(ascii: "u")
  }
}
