internal import SluiceCore
internal import SluiceJSON

/// The text of an answer that is still to be counted.
///
/// Holds what a model bills as output and shows: contents, refusals, reasoning (`reasoning_content`,
/// or `reasoning` where that is missing), texts of completions, and names and arguments of tool
/// calls, of all choices. Each is a text of its own, since no token reaches from one into another.
/// Reasoning that is not shown, sound, and members that are not named here are not in it.
package struct OutputText: Sendable {
  private enum Channel: Hashable, Sendable {
    case content, refusal, reasoning, toolName, toolArguments
  }

  /// Where a text stands in the answer.
  private struct Place: Hashable, Sendable {
    var choice: Int64
    var channel: Channel
    var call: Int64 = 0
  }

  private struct Piece: Sendable {
    let place: Place
    var text: [UInt8]
  }

  private var pieces: [Piece] = []
  /// Bytes that it holds.
  package private(set) var bytes = 0

  package init() {}

  // MARK: Gathering

  /// Adds all texts of a plain answer.
  package mutating func add(_ reply: ModelReply) {
    let document = reply.document
    guard let choices = document.member("choices", of: document.root) else { return }
    var position: Int64 = 0
    for choice in document.elements(of: choices) {
      if let message = document.member("message", of: choice) {
        add(message: message, ofChoice: position, in: document)
      }
      add(textOf: choice, at: position, in: document)
      position += 1
    }
  }

  /// Adds what a choice of a completion says, which has no message.
  mutating func add(textOf choice: JSONValue, at index: Int64, in document: JSONDocument) {
    guard let text = document.member("text", of: choice) else { return }
    append(text, at: Place(choice: index, channel: .content), of: document)
  }

  /// Adds what a message or a delta says.
  mutating func add(message: JSONValue, ofChoice index: Int64, in document: JSONDocument) {
    var hasReasoning = false
    for member in document.members(of: message) {
      switch document.kind(of: member.value) {
      case .string:
        if document.isString(member.key, equalTo: "content") {
          append(member.value, at: Place(choice: index, channel: .content), of: document)
        } else if document.isString(member.key, equalTo: "refusal") {
          append(member.value, at: Place(choice: index, channel: .refusal), of: document)
        } else if !hasReasoning,
          document.isString(member.key, equalTo: "reasoning_content")
            || document.isString(member.key, equalTo: "reasoning")
        {
          // Some upstreams send the same text under both names.
          hasReasoning = true
          append(member.value, at: Place(choice: index, channel: .reasoning), of: document)
        }
      case .array:
        guard document.isString(member.key, equalTo: "tool_calls") else { continue }
        var position: Int64 = 0
        for call in document.elements(of: member.value) {
          let number = document.member("index", of: call).flatMap { document.int($0) } ?? position
          if let function = document.member("function", of: call) {
            add(function: function, ofChoice: index, call: number, in: document)
          }
          position += 1
        }
      case .object:
        guard document.isString(member.key, equalTo: "function_call") else { continue }
        add(function: member.value, ofChoice: index, call: -1, in: document)
      case .null, .bool, .number: continue
      }
    }
  }

  private mutating func add(
    function: JSONValue,
    ofChoice index: Int64,
    call: Int64,
    in document: JSONDocument
  ) {
    if let name = document.member("name", of: function) {
      append(name, at: Place(choice: index, channel: .toolName, call: call), of: document)
    }
    if let arguments = document.member("arguments", of: function) {
      append(arguments, at: Place(choice: index, channel: .toolArguments, call: call), of: document)
    }
  }

  private mutating func append(_ value: JSONValue, at place: Place, of document: JSONDocument) {
    guard document.kind(of: value) == .string else { return }
    let index = index(of: place)
    let before = pieces[index].text.count
    document.appendString(value, to: &pieces[index].text)
    bytes += pieces[index].text.count - before
  }

  /// The piece of a place; beyond `Bounds.outputTexts` all further places share the last one.
  private mutating func index(of place: Place) -> Int {
    if let last = pieces.indices.last, pieces[last].place == place { return last }
    if let known = pieces.firstIndex(where: { $0.place == place }) { return known }
    if pieces.count < Bounds.outputTexts { pieces.append(Piece(place: place, text: [])) }
    return pieces.count - 1
  }

  // MARK: Counting

  /// Hands out the texts as far as they are decided, and forgets what was handed out.
  ///
  /// A text can be cut in front of a space between a visible ASCII character and an ASCII letter: no
  /// token of `cl100k` or `o200k` reaches over it, whatever follows, so that the tokens of the parts
  /// are those of the whole. What is behind the last such place stays, unless it is longer than
  /// `longest`: then it is cut where it ends, which may cost a token more than the whole would.
  package mutating func takeDecided(longest: Int, _ body: (Span<UInt8>) -> Void) {
    for index in pieces.indices {
      // Taken out, so that what is cut off is not copied first.
      var text: [UInt8] = []
      swap(&text, &pieces[index].text)
      defer { swap(&text, &pieces[index].text) }
      var end = Self.lastCut(of: text)
      if text.count - end > longest { end = text.count }
      guard end > 0 else { continue }
      body(text.span.extracting(0..<end))
      text.removeSubrange(..<end)
      bytes -= end
    }
  }

  /// Calls `body` with each text that is held.
  package func forEach(_ body: (Span<UInt8>) -> Void) {
    for piece in pieces where !piece.text.isEmpty { body(piece.text.span) }
  }

  /// Forgets all texts.
  package mutating func removeAll() {
    pieces.removeAll()
    bytes = 0
  }

  private static func lastCut(of text: [UInt8]) -> Int {
    guard text.count > 2 else { return 0 }
    var index = text.count - 2
    while index > 0 {
      if text[index] == UInt8(ascii: " "), (0x21...0x7E).contains(text[index - 1]),
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text[index + 1] | 0x20)
      {
        return index
      }
      index -= 1
    }
    return 0
  }
}
