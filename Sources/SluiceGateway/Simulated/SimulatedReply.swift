import SluiceCore
import SluiceDialects
import SluiceJSON
import SluicePolicy

/// A simulated answer as it goes over the wire: in one piece, or as the events of a stream.
struct SimulatedReply: Sendable {
  private let service: ModelSettings.Service
  private let model: String
  private let created: Int64
  private let answers: [SimulatedAnswer]
  private let promptTokens: Int
  private let wantsUsage: Bool

  /// Answers `asked`, as if at `created`, in seconds since 1970.
  init(to asked: ModelRequest, settings: UpstreamSettings.Simulated, created: Int64) {
    let prompt = asked.allText
    service = asked.service
    model = asked.model
    self.created = created
    wantsUsage = asked.wantsUsage
    // Four bytes a token, and three for each message and for the reply, is what OpenAI's own rule
    // of thumb comes to for English.
    promptTokens =
      prompt.utf8.count / 4 + asked.numberedTokens.all
      + (asked.service == .chat ? 3 * asked.messageCount + 3 : 1)
    answers = (0..<asked.choiceCount)
      .map { choice in
        SimulatedAnswer(
          to: prompt,
          model: asked.model,
          choice: choice,
          limit: asked.outputLimit,
          settings: settings
        )
      }
  }

  /// Refuses what would be more than the simulation may say.
  static func check(
    _ asked: ModelRequest,
    _ settings: UpstreamSettings.Simulated
  ) throws(APIError) {
    let tokens = min(settings.output, asked.outputLimit ?? .max)
    let choices = max(asked.choiceCount, 1)
    guard choices <= Bounds.choices, tokens <= Bounds.simulatedTokens / choices else {
      throw .invalidRequest(
        message: "`n` asks for more than the simulated upstream says at once.",
        param: "n",
        code: "invalid_value"
      )
    }
  }

  /// What a share of the requests is told, with status 500.
  static let failure = Array(
    (#"{"error":{"message":"The simulated upstream was told to fail now and then.","#
      + #""type":"server_error","param":null,"code":"simulated_failure"}}"#)
      .utf8
  )

  /// One `chat.completion` or `text_completion` object.
  var body: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 256 + 8 * answers.reduce(0) { $0 + $1.count })
    begin(service == .chat ? "chat.completion" : "text_completion", &writer)
    writer.key("choices")
    writer.beginArray()
    for (index, answer) in answers.enumerated() {
      writer.beginObject()
      writer.key("index")
      writer.int(index)
      let text = answer.text(of: 0..<answer.count)
      if service == .chat {
        writer.key("message")
        writer.beginObject()
        member("role", "assistant", &writer)
        member("content", text, &writer)
        writer.key("refusal")
        writer.null()
        writer.endObject()
      } else {
        member("text", text, &writer)
      }
      writer.key("logprobs")
      writer.null()
      member("finish_reason", answer.finishReason, &writer)
      writer.endObject()
    }
    writer.endArray()
    usage(&writer)
    writer.endObject()
    return writer.bytes
  }

  /// The stream, event by event; made as it is asked for.
  var events: Events { Events(reply: self) }

  struct Events: IteratorProtocol, Sequence {
    private enum Step {
      case role
      case tokens(from: Int)
      case finish
      case usage
      case done
      case over
    }
    private let reply: SimulatedReply
    private var step = Step.role
    private var choice = 0

    /// Tokens of an event.
    private static let tokens = 4

    /// How each choice begins.
    private var first: Step { reply.service == .chat ? .role : .tokens(from: 0) }

    fileprivate init(reply: SimulatedReply) {
      self.reply = reply
      step = first
    }

    mutating func next() -> [UInt8]? {
      let answer = reply.answers[Swift.min(choice, reply.answers.count - 1)]
      switch step {
      case .role:
        step = .tokens(from: 0)
        return reply.event(choice, role: "assistant", content: "")
      case .tokens(let start):
        let end = Swift.min(start + Self.tokens, answer.count)
        step = end < answer.count ? .tokens(from: end) : .finish
        return reply.event(choice, content: answer.text(of: start..<end))
      case .finish:
        defer { choice += 1 }
        step = choice + 1 < reply.answers.count ? first : reply.wantsUsage ? .usage : .done
        return reply.event(choice, finish: answer.finishReason)
      case .usage:
        step = .done
        return reply.usageEvent
      case .done:
        step = .over
        return Array("data: [DONE]\n\n".utf8)
      case .over: return nil
      }
    }
  }

  private func event(
    _ choice: Int,
    role: String? = nil,
    content: String? = nil,
    finish: String? = nil
  ) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 320)
    begin(chunk, &writer)
    writer.key("choices")
    writer.beginArray()
    writer.beginObject()
    writer.key("index")
    writer.int(choice)
    if service == .chat {
      writer.key("delta")
      writer.beginObject()
      if let role { member("role", role, &writer) }
      if let content { member("content", content, &writer) }
      writer.endObject()
    } else {
      member("text", content ?? "", &writer)
    }
    writer.key("logprobs")
    writer.null()
    writer.key("finish_reason")
    if let finish { writer.string(finish) } else { writer.null() }
    writer.endObject()
    writer.endArray()
    if wantsUsage {
      writer.key("usage")
      writer.null()
    }
    writer.endObject()
    return Self.framed(writer.bytes)
  }

  private var usageEvent: [UInt8] {
    var writer = JSONWriter()
    begin(chunk, &writer)
    writer.key("choices")
    writer.beginArray()
    writer.endArray()
    usage(&writer)
    writer.endObject()
    return Self.framed(writer.bytes)
  }

  /// The chunks of a text completion are called what the whole is.
  private var chunk: String { service == .chat ? "chat.completion.chunk" : "text_completion" }

  private static func framed(_ data: [UInt8]) -> [UInt8] {
    Array("data: ".utf8) + data + Array("\n\n".utf8)
  }

  private func begin(_ object: String, _ writer: inout JSONWriter) {
    writer.beginObject()
    member("id", answers[0].id, &writer)
    member("object", object, &writer)
    writer.key("created")
    writer.int(created)
    member("model", model, &writer)
    member("system_fingerprint", "simulated", &writer)
  }

  private func usage(_ writer: inout JSONWriter) {
    let completion = answers.reduce(0) { $0 + $1.count }
    writer.key("usage")
    writer.beginObject()
    for (name, count) in [
      ("prompt_tokens", promptTokens), ("completion_tokens", completion),
      ("total_tokens", promptTokens + completion),
    ] {
      writer.key(name)
      writer.int(count)
    }
    writer.endObject()
  }

  private func member(_ name: String, _ value: String, _ writer: inout JSONWriter) {
    writer.key(name)
    writer.string(value)
  }
}

extension SimulatedAnswer {
  fileprivate var finishReason: String { isCut ? "length" : "stop" }
}
