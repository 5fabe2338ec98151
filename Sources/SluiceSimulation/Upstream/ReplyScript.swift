internal import SluiceCore
internal import SluiceDialects
internal import SluiceJSON
internal import SluicePolicy

/// What a scripted upstream will send for one attempt: bytes, and how they end.
struct ReplyScript {
  enum Ending: Equatable {
    case whole
    case stalls
    case breaks
  }

  var status = 200
  var fields: [(name: String, value: String)] = [("content-type", "application/json")]
  var pieces: [[UInt8]] = []
  var ending = Ending.whole
  /// Whether its last piece is the `[DONE]` of a stream.
  private(set) var saysDone = false

  init(attempt: AttemptRecord, behaviour: Behaviour) {
    switch behaviour.fault {
    case .html:
      status = 502
      fields = [("content-type", "text/html")]
      pieces = [Array("<html><body>502 Bad Gateway</body></html>".utf8)]
    case .tooManyRequests(let seconds):
      status = 429
      if let seconds { fields.append(("retry-after", String(seconds))) }
      pieces = [Self.error("rate_limit_exceeded")]
    case .refuseRequest:
      status = 400
      pieces = [Self.error("invalid_value")]
    case .serverError:
      status = 500
      pieces = [Self.error("server_error")]
    case .overloaded(let seconds):
      status = 529
      if let seconds { fields.append(("retry-after", String(seconds))) }
      pieces = [Self.error("overloaded_error")]
    case .outOfQuota:
      status = 429
      pieces = [Self.error("insufficient_quota")]
    case .refuseKey:
      status = 401
      pieces = [Self.error("invalid_api_key")]
    case .redirect:
      status = 302
      fields = [("location", "https://elsewhere.test/v1")]
      pieces = []
    case .status(let status, let code, let seconds):
      self.status = status
      if let seconds { fields.append(("retry-after", String(seconds))) }
      pieces = [Self.error(code)]
    case .malformedJSON:
      pieces = [Array(#"{"id": "chatcmpl-1", "choices": [{"#.utf8)]
    case .stallAfter(let count):
      answer(attempt, behaviour)
      end(after: count, .stalls)
    case .cutAfter(let count):
      answer(attempt, behaviour)
      end(after: count, .breaks)
    case .wrongLength:
      answer(attempt, behaviour)
      end(after: pieces.count - 1, .breaks)
    case .endAfter(let count):
      answer(attempt, behaviour)
      end(after: count, .whole)
    case nil, .refuseConnection, .resetBeforeHead, .stallBeforeHead, .missingUsage,
      .missingDone, .finishedByLength:
      answer(attempt, behaviour)
    }
  }

  /// Keeps the first `count` pieces, too few for a whole answer.
  private mutating func end(after count: Int, _ ending: Ending) {
    // The last two pieces of a stream are why it finished, or its usage, and `[DONE]`.
    let tooFew = max(0, pieces.count - (saysDone ? 3 : 1))
    pieces = Array(
      pieces.prefix(ending == .whole ? min(count, tooFew) : min(count, pieces.count - 1))
    )
    saysDone = false
    self.ending = ending
  }

  private mutating func answer(_ attempt: AttemptRecord, _ behaviour: Behaviour) {
    let given = behaviour.answer
    let words = given?.words ?? Self.words(of: attempt, count: behaviour.pieces)
    let isCut = behaviour.fault == .finishedByLength || given?.isCut == true
    let reason = isCut ? "length" : "stop"
    let hasUsage = behaviour.fault != .missingUsage
    let usage = given?.usage ?? Usage(prompt: 12, completion: words.count)
    guard attempt.service != .embeddings else {
      pieces = [Self.embeddings(attempt, hasUsage ? usage : nil)]
      return
    }
    if attempt.streams {
      fields = [("content-type", "text/event-stream")]
      pieces = words.enumerated()
        .map { place, word in
          Self.event(attempt, delta: word, isFirst: place == 0)
        }
      pieces.append(Self.event(attempt, finishReason: reason))
      if hasUsage, attempt.wantsUsage { pieces.append(Self.usageEvent(attempt, usage)) }
      if behaviour.fault != .missingDone {
        pieces.append(Array("data: [DONE]\n\n".utf8))
        saysDone = true
      }
    } else {
      let body = Self.completion(attempt, words, reason, hasUsage ? usage : nil)
      let size = body.count / behaviour.pieces + 1
      pieces = stride(from: 0, to: body.count, by: size)
        .map { start in
          Array(body[start..<min(start + size, body.count)])
        }
    }
  }

  /// The answer in words, the first of which names the attempt.
  private static func words(of attempt: AttemptRecord, count: Int) -> [String] {
    (0..<max(1, count)).map { $0 == 0 ? "attempt-\(attempt.number)" : " word-\($0)" }
  }

  private static func completion(
    _ attempt: AttemptRecord,
    _ words: [String],
    _ reason: String,
    _ usage: Usage?
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    let isChat = attempt.service == .chat
    head(attempt, object: isChat ? "chat.completion" : "text_completion", &writer)
    writer.key("choices")
    writer.beginArray()
    writer.beginObject()
    writer.key("index")
    writer.int(0)
    if isChat {
      writer.key("message")
      writer.beginObject()
      writer.key("role")
      writer.string("assistant")
      writer.key("content")
      writer.string(words.joined())
      writer.endObject()
    } else {
      writer.key("text")
      writer.string(words.joined())
    }
    writer.key("finish_reason")
    writer.string(reason)
    writer.endObject()
    writer.endArray()
    if let usage { Self.write(usage, &writer) }
    writer.endObject()
    return writer.bytes
  }

  private static func event(
    _ attempt: AttemptRecord,
    delta: String? = nil,
    isFirst: Bool = false,
    finishReason: String? = nil
  ) -> [UInt8] {
    framed(attempt) { writer in
      writer.beginObject()
      writer.key("index")
      writer.int(0)
      if attempt.service == .chat {
        writer.key("delta")
        writer.beginObject()
        if isFirst {
          writer.key("role")
          writer.string("assistant")
        }
        if let delta {
          writer.key("content")
          writer.string(delta)
        }
        writer.endObject()
      } else {
        writer.key("text")
        writer.string(delta ?? "")
      }
      writer.key("finish_reason")
      if let finishReason { writer.string(finishReason) } else { writer.null() }
      writer.endObject()
    } after: { _ in
    }
  }

  /// One vector, of the words that are asked about, as `ScriptedEmbedder` makes it.
  private static func embeddings(_ attempt: AttemptRecord, _ usage: Usage?) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("object")
    writer.string("list")
    writer.key("data")
    writer.beginArray()
    writer.beginObject()
    writer.key("object")
    writer.string("embedding")
    writer.key("index")
    writer.int(0)
    writer.key("embedding")
    writer.beginArray()
    let vector = (try? ScriptedEmbedder().vector(of: attempt.question)) ?? [0, 1, 2]
    for float in vector { writer.double(Double(float)) }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.key("model")
    writer.string(attempt.model)
    if let usage { write(usage, &writer) }
    writer.endObject()
    return writer.bytes
  }

  private static func usageEvent(_ attempt: AttemptRecord, _ usage: Usage) -> [UInt8] {
    framed(attempt) { _ in
    } after: { writer in
      write(usage, &writer)
    }
  }

  private static func framed(
    _ attempt: AttemptRecord,
    choices: (inout JSONWriter) -> Void,
    after: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    let isChat = attempt.service == .chat
    head(attempt, object: isChat ? "chat.completion.chunk" : "text_completion", &writer)
    writer.key("choices")
    writer.beginArray()
    choices(&writer)
    writer.endArray()
    after(&writer)
    writer.endObject()
    return Array("data: ".utf8) + writer.bytes + Array("\n\n".utf8)
  }

  private static func head(_ attempt: AttemptRecord, object: String, _ writer: inout JSONWriter) {
    writer.key("id")
    writer.string("chatcmpl-\(attempt.number)")
    writer.key("object")
    writer.string(object)
    writer.key("created")
    writer.int(attempt.asked.moment.wall / 1_000_000_000)
    writer.key("model")
    writer.string(attempt.model)
  }

  private static func write(_ usage: Usage, _ writer: inout JSONWriter) {
    func details(_ name: String, _ member: String, _ count: Int) {
      guard count > 0 else { return }
      writer.key(name)
      writer.beginObject()
      writer.key(member)
      writer.int(count)
      writer.endObject()
    }
    writer.key("usage")
    writer.beginObject()
    writer.key("prompt_tokens")
    writer.int(usage.prompt)
    writer.key("completion_tokens")
    writer.int(usage.completion)
    writer.key("total_tokens")
    writer.int(usage.total)
    details("prompt_tokens_details", "cached_tokens", usage.cached)
    details("completion_tokens_details", "reasoning_tokens", usage.reasoning)
    writer.endObject()
  }

  private static func error(_ code: String) -> [UInt8] {
    Array(
      #"{"error":{"message":"scripted","type":"server_error","param":null,"code":"\#(code)"}}"#.utf8
    )
  }
}
