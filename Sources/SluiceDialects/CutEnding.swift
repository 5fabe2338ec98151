internal import SluiceHTTP
internal import SluiceJSON
package import SluicePolicy

/// The ending of a stream that the gateway ends before its model did.
///
/// Legal in the dialect, so that no client fails over it: each choice that is still open gets its
/// `finish_reason`, `length`, which says that the answer is not all there is; then the usage chunk
/// if it was asked for, and `[DONE]`. A notice goes before it as a piece of the answer, in brackets
/// and on a line of its own.
package struct CutEnding: Sendable {
  private let service: ModelSettings.Service
  private let id: String
  private let model: String
  private let created: Int64
  private let open: [Int]

  /// - Parameters:
  ///   - service: the path that the stream answers.
  ///   - id: of the chunks before it, as `model` and `created` are.
  ///   - open: the choices that have no finish reason.
  package init(
    _ service: ModelSettings.Service,
    id: String,
    model: String,
    created: Int64,
    open: [Int]
  ) {
    self.service = service
    self.id = id
    self.model = model
    self.created = created
    self.open = open
  }

  /// Appends all frames.
  ///
  /// - Parameters:
  ///   - notice: what the answer's reader is told; `nil`: nothing.
  ///   - usage: of the usage chunk; `nil`: the client did not ask for it.
  package func append(notice: String?, usage: Usage?, to output: inout [UInt8]) {
    for index in open {
      if let notice { append("\n\n[\(notice)]", isLast: false, at: index, to: &output) }
      append("", isLast: true, at: index, to: &output)
    }
    if let usage {
      appendChunk(to: &output) { writer in
        writer.key("choices")
        writer.beginArray()
        writer.endArray()
        writer.key("usage")
        writer.beginObject()
        for (name, count) in [
          ("prompt_tokens", usage.prompt), ("completion_tokens", usage.completion),
          ("total_tokens", usage.prompt + usage.completion),
        ] {
          writer.key(name)
          writer.int(count)
        }
        writer.endObject()
      }
    }
    EventStreamWriter.append(data: "[DONE]".utf8, to: &output)
  }

  private func append(_ text: String, isLast: Bool, at index: Int, to output: inout [UInt8]) {
    appendChunk(to: &output) { writer in
      writer.key("choices")
      writer.beginArray()
      writer.beginObject()
      writer.key("index")
      writer.int(index)
      if service == .chat {
        writer.key("delta")
        writer.beginObject()
        if !text.isEmpty {
          writer.key("content")
          writer.string(text)
        }
        writer.endObject()
      } else {
        writer.key("text")
        writer.string(text)
      }
      writer.key("logprobs")
      writer.null()
      writer.key("finish_reason")
      if isLast { writer.string("length") } else { writer.null() }
      writer.endObject()
      writer.endArray()
    }
  }

  private func appendChunk(to output: inout [UInt8], _ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(reservingCapacity: 256)
    writer.beginObject()
    writer.key("id")
    writer.string(id)
    writer.key("object")
    writer.string(service == .chat ? "chat.completion.chunk" : "text_completion")
    writer.key("created")
    writer.int(created)
    writer.key("model")
    writer.string(model)
    body(&writer)
    writer.endObject()
    EventStreamWriter.append(data: writer.bytes, to: &output)
  }
}
