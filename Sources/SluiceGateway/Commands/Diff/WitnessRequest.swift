import SluiceCore
import SluiceDialects
import SluiceExpressions
import SluiceJSON
import SluicePipeline
import SluicePolicy

/// A request that shows a difference: what `sluice trace` is to be given to see it.
struct WitnessRequest: Sendable {
  /// The texts of the messages, in order.
  struct Message: Sendable, Equatable {
    var role: String
    var text: String
  }

  var service = ModelSettings.Service.chat
  var model = "auto"
  var isStreaming = false
  var maxTokens: Int64?
  var temperature: Double?
  var tools: [String] = []
  var messages: [Message] = []
  /// Words in front of the messages, to make the prompt as long as it must be.
  var filler = 0
  var asker = TraceCommand.Asker()
  var headers: [TracedRequest.Header] = []
  var wall: Int64?
  var states: [TracedRequest.State] = []

  /// Makes a request of a point of the space of requests; `nil` if no request is like that.
  init?(_ point: ReachWitness) {
    func text(_ variable: PolicyVariable) -> String? {
      guard case .string(let text)? = point.values[variable.slot] else { return nil }
      return text
    }
    func int(_ variable: PolicyVariable) -> Int64? {
      guard case .int(let number)? = point.values[variable.slot] else { return nil }
      return number
    }
    if let path = text(.requestPath) {
      guard
        let service = ModelSettings.Service.allCases.first(where: { "/v1" + $0.path == path })
      else { return nil }
      self.service = service
    }
    model = text(.requestModel) ?? "auto"
    if case .bool(let value)? = point.values[PolicyVariable.requestStream.slot] {
      isStreaming = value
    }
    maxTokens = int(.requestMaxTokens).flatMap { $0 > 0 ? $0 : nil }
    if case .double(let value)? = point.values[PolicyVariable.requestTemperature.slot] {
      guard value.isFinite else { return nil }
      temperature = value
    }
    if case .list(let names)? = point.values[PolicyVariable.requestTools.slot] {
      tools = names.compactMap { if case .string(let name) = $0 { name } else { nil } }
    }
    asker.user = text(.userID) ?? "somebody"
    asker.tier = text(.userTier) ?? ""
    asker.product = text(.product) ?? ""
    asker.tenant = text(.tenant).flatMap { $0.isEmpty ? nil : $0 }
    if let address = text(.clientIP) {
      asker.address = address.split(separator: "/").first.map(String.init) ?? address
    }
    guard [asker.user, asker.tier, asker.product, asker.tenant].allSatisfy(Self.canBeSaid) else {
      return nil
    }
    if case .map(let fields)? = point.values[PolicyVariable.headers.slot] {
      for entry in fields.entries {
        guard case .string(let name) = entry.key, case .string(let value) = entry.value else {
          return nil
        }
        headers.append(TracedRequest.Header(name: name, value: value))
      }
    }
    if case .timestamp(let time)? = point.values[PolicyVariable.now.slot] {
      // Whole seconds can be said.
      let (seconds, overflowed) = (time.seconds + (time.nanoseconds > 0 ? 1 : 0))
        .multipliedReportingOverflow(by: 1_000_000_000)
      guard !overflowed else { return nil }
      wall = seconds
    }
    for state in point.states {
      switch (state.arguments.first, state.answer) {
      case (.string(let model)?, .string(let answer)):
        states.append(.breaker(model: model, state: answer))
      case (.string(let budget)?, .money(let amount)):
        states.append(.remaining(budget: budget, amount))
      default: return nil
      }
    }
    fill(prompt: text(.promptText) ?? "hello", all: text(.requestText))
  }

  /// Whether `--as` can carry it.
  private static func canBeSaid(_ text: String?) -> Bool {
    text.map { text in !text.contains(",") && text.unicodeScalars.allSatisfy { $0.value >= 0x20 } }
      ?? true
  }

  private mutating func fill(prompt: String, all: String?) {
    guard service == .chat, let all, all != prompt else {
      messages = [Message(role: "user", text: prompt)]
      return
    }
    if prompt.isEmpty {
      messages = [Message(role: "system", text: all)]
    } else if all.hasSuffix("\n" + prompt) {
      messages = [
        Message(role: "system", text: String(all.dropLast(prompt.count + 1))),
        Message(role: "user", text: prompt),
      ]
    } else {
      messages = [Message(role: "user", text: prompt)]
    }
  }

  // MARK: length

  /// Makes the prompt as long as it must be.
  ///
  /// - Returns: whether that can be.
  mutating func fill(to tokens: Intervals<Int128>?, counting counter: PromptCount?) -> Bool {
    guard let tokens, let counter else { return true }
    func count() -> Int? {
      let body = body
      do throws(APIError) {
        return counter.tokens(of: try ModelRequest(body, for: service), body: body)
      } catch {
        return nil
      }
    }
    guard let least = count() else { return false }
    if tokens.contains(Int128(least)) { return true }
    for part in tokens.parts where part.lower > Int128(least) {
      guard let wanted = Int(exactly: part.lower), wanted < Self.mostTokens else { return false }
      // A word is a token; a message has some of its own.
      for words in [wanted - least - 3, wanted - least - 2, wanted - least, wanted - least - 4]
      where words > 0 {
        filler = words
        if let count = count(), tokens.contains(Int128(count)) { return true }
      }
    }
    return false
  }

  private static let mostTokens = 1_000_000

  // MARK: text

  private static let word = "word "

  /// The body in which `filler` stands for the words.
  private func json(filler: String) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("model", model)
    switch service {
    case .chat:
      writer.key("messages")
      writer.beginArray()
      if self.filler > 0 { write(Message(role: "system", text: filler), to: &writer) }
      for message in messages { write(message, to: &writer) }
      writer.endArray()
    case .completions, .embeddings:
      writer.member(service.inputField, filler + messages.map(\.text).joined(separator: "\n"))
    }
    if isStreaming {
      writer.key("stream")
      writer.bool(true)
    }
    if let maxTokens {
      writer.key("max_tokens")
      writer.int(maxTokens)
    }
    if let temperature {
      writer.key("temperature")
      writer.double(temperature)
    }
    if !tools.isEmpty {
      writer.key("tools")
      writer.beginArray()
      for tool in tools {
        writer.beginObject()
        writer.member("type", "function")
        writer.key("function")
        writer.beginObject()
        writer.member("name", tool)
        writer.endObject()
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ message: Message, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", message.role)
    writer.member("content", message.text)
    writer.endObject()
  }

  var body: [UInt8] { Array(json(filler: String(repeating: Self.word, count: filler)).utf8) }

  var traced: TracedRequest {
    var request = TracedRequest(body: body)
    request.service =
      switch service {
      case .chat: .chat
      case .completions: .completions
      case .embeddings: .embeddings
      }
    request.asker = asker
    request.headers = headers
    request.wall = wall
    request.states = states
    return request
  }

  /// What is to be given to `sluice trace` behind the bundle and the request.
  var arguments: [String] {
    var words: [String] = []
    if service != .chat { words += ["--to", "/v1" + service.path] }
    var who: [String] = []
    if let user = asker.user { who.append("user=\(user)") }
    if let tier = asker.tier { who.append("tier=\(tier)") }
    if let product = asker.product { who.append("product=\(product)") }
    if let tenant = asker.tenant { who.append("tenant=\(tenant)") }
    if asker.address != "127.0.0.1" { who.append("ip=\(asker.address)") }
    if !who.isEmpty { words += ["--as", who.joined(separator: ",")] }
    for header in headers { words += ["--header", "\(header.name): \(header.value)"] }
    if let wall { words += ["--at", UTCTime.text(ofWall: wall)] }
    for state in states {
      switch state {
      case .breaker(let model, let state): words += ["--breaker", "\(model)=\(state)"]
      case .remaining(let budget, let amount): words += ["--remaining", "\(budget)=$\(amount)"]
      }
    }
    return words
  }

  /// A command line for a shell; `file` holds the body, else it is part of the line.
  func command(tracing bundle: String, file: String?) -> String {
    let rest = arguments.map { " " + Self.quoted($0) }.joined()
    if let file {
      return "sluice trace \(Self.quoted(bundle)) --request \(Self.quoted(file))\(rest)"
    }
    let mark = "\u{1}"
    var text = Self.quoted(json(filler: filler > 0 ? mark : ""), always: true)
    let escaped = "\\u0001"
    if filler > 0 {
      text = text.replacing(escaped, with: "'\"$(printf '\(Self.word)%.0s' $(seq \(filler)))\"'")
    }
    return "printf %s \(text) | sluice trace \(Self.quoted(bundle)) --request -\(rest)"
  }

  /// A word as a shell takes it.
  static func quoted(_ word: String) -> String { quoted(word, always: false) }

  private static func quoted(_ word: String, always: Bool) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
          || "-_./:,=@%+".utf8.contains(byte)
      }
    return isPlain && !always ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}
