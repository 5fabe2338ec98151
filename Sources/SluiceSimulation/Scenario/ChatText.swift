internal import SluiceHTTP
internal import SluiceJSON

/// What the simulation must understand of a chat request.
struct ChatText {
  var model = ""
  var question = ""
  var streams = false
  var wantsUsage = false
  var outputLimit: Int?

  init(request body: [UInt8]) {
    guard let document = try? JSONDocument(body) else { return }
    let root = document.root
    model = document.member("model", of: root).flatMap { document.string($0) } ?? ""
    streams = document.member("stream", of: root).flatMap { document.bool($0) } ?? false
    for name in ["max_completion_tokens", "max_tokens"] where outputLimit == nil {
      outputLimit = document.member(name, of: root).flatMap { document.int($0) }
        .map(Int.init(clamping:))
    }
    if let options = document.member("stream_options", of: root) {
      wantsUsage =
        document.member("include_usage", of: options).flatMap { document.bool($0) } ?? false
    }
    question = document.member("input", of: root).flatMap { document.string($0) } ?? ""
    guard let messages = document.member("messages", of: root) else { return }
    for message in document.elements(of: messages) {
      question =
        document.member("content", of: message).flatMap { document.string($0) } ?? question
    }
  }
}

extension Ask {
  /// The body of its request.
  package var body: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("model")
    writer.string(model)
    writer.key("messages")
    writer.beginArray()
    writer.beginObject()
    writer.key("role")
    writer.string("user")
    writer.key("content")
    writer.string(question)
    writer.endObject()
    writer.endArray()
    if streams {
      writer.key("stream")
      writer.bool(true)
      if wantsUsage {
        writer.key("stream_options")
        writer.beginObject()
        writer.key("include_usage")
        writer.bool(true)
        writer.endObject()
      }
    }
    writer.endObject()
    return writer.bytes
  }
}

extension Received {
  /// Whether it ends as a complete stream does.
  package var isDone: Bool {
    String(decoding: body, as: UTF8.self).contains("data: [DONE]")
  }

  /// The text of the answer, in whichever form it came; `nil` if there is none.
  package var text: String? {
    guard status == 200 else { return nil }
    let isStream = field("content-type")?.hasPrefix("text/event-stream") == true
    let objects =
      isStream
      ? String(decoding: body, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix("data: {") }.map { Array($0.dropFirst(6).utf8) }
      : [body]
    let texts = objects.compactMap { Self.text(ofCompletion: $0, isStream ? "delta" : "message") }
    return texts.isEmpty ? nil : texts.joined()
  }

  /// The attempt whose answer it is.
  package var attempt: Int? {
    guard let text, text.hasPrefix("attempt-") else { return nil }
    return Int(text.dropFirst(8).prefix { $0.isNumber })
  }

  private static func text(ofCompletion body: [UInt8], _ part: String) -> String? {
    guard
      let document = try? JSONDocument(body),
      let choices = document.member("choices", of: document.root),
      let first = document.elements(of: choices).first(where: { _ in true })
    else { return nil }
    // Of a completion, the text itself.
    if let text = document.member("text", of: first) { return document.string(text) }
    guard
      let message = document.member(part, of: first),
      let content = document.member("content", of: message)
    else { return nil }
    return document.string(content)
  }
}
