package import SluiceHTTP
internal import SluiceCore
internal import SluiceJSON

/// Follows the stream of a chat or of a completion: what to show the client, what it cost, and whether it came to its end.
///
/// Sees each event once, in order; the bytes themselves are passed on untouched by the caller.
/// Takes the drift of vendors as it comes: `choices` null or missing, usage beside choices or
/// cumulative in every chunk, comments, a missing `[DONE]`.
package struct StreamReader: Sendable {
  /// What to do with an event.
  package enum Verdict: Hashable, Sendable {
    case pass
    /// Keep it from the client: it carries usage that the client did not ask for.
    case hide
    /// `[DONE]`: pass it; nothing follows.
    case done
    /// The upstream says that it failed, or sent what is no chunk. Pass nothing more.
    case failed
  }

  private let wantsUsage: Bool
  /// The last usage that came: where it is cumulative, the last is the whole.
  package private(set) var usage: Usage?
  /// The model that says it answers.
  package private(set) var model: String?
  package private(set) var id: String?
  /// When it says that it was made, in seconds since 1970.
  package private(set) var created: Int64?
  /// Whether `[DONE]` came.
  package private(set) var isDone = false
  /// Whether the upstream reported a failure, or sent what is no chunk.
  package private(set) var hasFailed = false
  /// Whether a chunk with content, a refusal or a tool call has come.
  package private(set) var hasOutput = false
  package private(set) var hasToolCalls = false
  /// The finish reason of each choice by its index; `nil` while it is open.
  package private(set) var finishReasons: [String?] = []

  private var assembler: StreamAssembler?

  /// - Parameters:
  ///   - wantsUsage: whether the client asked for the usage chunk.
  ///   - assembles: whether to keep the chunks for `assembledReply`.
  package init(wantsUsage: Bool, assembles: Bool = false) {
    self.wantsUsage = wantsUsage
    assembler = assembles ? StreamAssembler() : nil
  }

  /// The stream as one plain `chat.completion` or `text_completion`, for the cache.
  ///
  /// `nil` unless it was to be assembled, came whole, and could be put together faithfully.
  package var assembledReply: [UInt8]? { isWhole ? assembler?.reply : nil }

  /// Whether all of the stream came: `[DONE]`, or an end for every choice seen.
  package var isWhole: Bool {
    !hasFailed && (isDone || !finishReasons.isEmpty && finishReasons.allSatisfy { $0 != nil })
  }

  /// Whether it came whole and every choice came to its own end, as the cache asks.
  package var isWholeAnswer: Bool { isWhole && FinishReason.areWhole(finishReasons) }

  /// The choices among the first `count` that have no finish reason.
  package func openChoices(of count: Int) -> [Int] {
    (0..<min(max(count, finishReasons.count), Bounds.choices))
      .filter { $0 >= finishReasons.count || finishReasons[$0] == nil }
  }

  /// Reads the next event; `output` gets what it says.
  package mutating func read(
    _ event: StreamEvent,
    into output: inout OutputText
  ) -> Verdict {
    // What follows the end belongs to no answer.
    if isDone || hasFailed { return .hide }
    guard event.hasData, !event.data.isEmpty else { return .pass }
    if event.isDone {
      isDone = true
      return .done
    }
    guard let document = try? JSONDocument(event.data), document.kind(of: document.root) == .object
    else { return fail() }
    if !event.name.isEmpty, event.name.elementsEqual("error".utf8) { return fail() }
    return read(document, into: &output)
  }

  private mutating func read(
    _ chunk: JSONDocument,
    into output: inout OutputText
  ) -> Verdict {
    let root = chunk.root
    if let error = chunk.member("error", of: root), !chunk.isNull(error) { return fail() }
    assembler?.add(chunk)
    if model == nil { model = chunk.member("model", of: root).flatMap { chunk.string($0) } }
    if id == nil { id = chunk.member("id", of: root).flatMap { chunk.string($0) } }
    if created == nil { created = chunk.member("created", of: root).flatMap { chunk.int($0) } }
    let counted = chunk.member("usage", of: root).flatMap { Usage($0, in: chunk) }
    if let counted { usage = counted }
    let choices = chunk.member("choices", of: root)
    let hasChoices = choices.map { chunk.count(of: $0) > 0 } ?? false
    if let choices, hasChoices {
      for choice in chunk.elements(of: choices) { read(choice, in: chunk, into: &output) }
    }
    return counted != nil && !hasChoices && !wantsUsage ? .hide : .pass
  }

  private mutating func read(
    _ choice: JSONValue,
    in chunk: JSONDocument,
    into output: inout OutputText
  ) {
    let index = chunk.member("index", of: choice).flatMap { chunk.int($0) } ?? 0
    guard index >= 0, index < Bounds.choices else { return }
    while finishReasons.count <= Int(index) { finishReasons.append(nil) }
    if let reason = chunk.member("finish_reason", of: choice).flatMap({ chunk.string($0) }) {
      finishReasons[Int(index)] = reason
    }
    output.add(textOf: choice, at: index, in: chunk)
    guard let delta = chunk.member("delta", of: choice) else {
      // The piece of a text completion.
      if let text = chunk.member("text", of: choice), !chunk.contents(of: text).isEmpty {
        hasOutput = true
      }
      return
    }
    output.add(message: delta, ofChoice: index, in: chunk)
    for member in chunk.members(of: delta) where !chunk.isString(member.key, equalTo: "role") {
      // A string of quotes only is empty.
      switch chunk.kind(of: member.value) {
      case .string:
        if chunk.range(of: member.value).count > 2 { hasOutput = true }
      case .array, .object:
        guard chunk.count(of: member.value) > 0 else { continue }
        hasOutput = true
        if chunk.isString(member.key, equalTo: "tool_calls")
          || chunk.isString(member.key, equalTo: "function_call")
        {
          hasToolCalls = true
        }
      case .null, .bool, .number: continue
      }
    }
  }

  private mutating func fail() -> Verdict {
    hasFailed = true
    return .failed
  }
}
