/// Whether one of some words that are written out stands in a variable: `prompt.text.contains("a")`,
/// with `lowerAscii()` or without, a chain of them by `||`, or the same said as
/// `["a", "b"].exists(word, prompt.text.lowerAscii().contains(word))`.
///
/// One pass over the text answers it. What it counts as work is what trying the words one by one
/// would have, up to the first that is found, so that the bounds of an expression stay where they
/// are whichever way it is written.
struct WordQuery: Sendable {
  let slot: Int
  let reading: WordSearch.Reading
  /// Whether each word is a turn of a loop, for all of which the text is changed to one case once.
  let isLoop: Bool
  private let words: [String]
  private let search: WordSearch

  /// Prepares the search; `nil` if a word is too long for it.
  init?(slot: Int, reading: WordSearch.Reading, words: [String], isLoop: Bool) {
    guard let search = WordSearch(words, reading: reading) else { return nil }
    self.slot = slot
    self.reading = reading
    self.words = words
    self.isLoop = isLoop
    self.search = search
  }

  /// The query that `self || other` is; `nil` if it is none.
  func or(_ other: WordQuery) -> WordQuery? {
    guard slot == other.slot, reading == other.reading, !isLoop, !other.isLoop else { return nil }
    return WordQuery(slot: slot, reading: reading, words: words + other.words, isLoop: false)
  }

  func run(_ frame: inout Frame) throws(EvaluationError) -> Bool {
    let text: String
    do throws(EvaluationError) {
      text = try frame.string(at: slot)
    } catch {
      if isLoop, error != .tooMuchWork { try frame.countTurns(words.count) }
      throw error
    }
    let found = search.firstWord(in: text)
    let tried = found.map { $0 + 1 } ?? words.count
    // To change the case reads the text and builds another.
    var passes = tried
    if reading != .asWritten { passes += isLoop ? 2 : 2 * tried }
    if isLoop { try frame.countTurns(tried) }
    try frame.charge(passes * text.utf8.count)
    return found != nil
  }
}

extension Planner {
  /// `text.contains("literal")`.
  func wordQuery(_ text: Expression, contains part: Expression) -> WordQuery? {
    guard case .literal(.string(let word)) = part.form, let (slot, reading) = searched(text) else {
      return nil
    }
    return WordQuery(slot: slot, reading: reading, words: [word], isLoop: false)
  }

  /// `range.exists(word, text.contains(word))` over texts that are known; `index` is the number of
  /// the loop's variable.
  func wordQuery(_ loop: Expression.Comprehension, over range: Step, _ index: Int) -> WordQuery? {
    guard loop.kind == .exists, loop.second == nil, let predicate = loop.predicate,
      case .constant(.list(let elements)) = range,
      case .memberCall(let text, let function, let arguments) = predicate.form,
      function.name == "contains", expression.reference(of: predicate) == nil,
      let part = arguments.first, arguments.count == 1,
      case .local(index) = expression.reference(of: part),
      let (slot, reading) = searched(text)
    else { return nil }
    let words = elements.compactMap { if case .string(let word) = $0 { word } else { nil } }
    guard !words.isEmpty, words.count == elements.count else { return nil }
    return WordQuery(slot: slot, reading: reading, words: words, isLoop: true)
  }

  /// The text that a node is, if it is a variable or one changed to one case.
  private func searched(_ node: Expression) -> (slot: Int, reading: WordSearch.Reading)? {
    if let slot = textSlot(node) { return (slot, .asWritten) }
    guard case .memberCall(let operand, let function, let arguments) = node.form,
      arguments.isEmpty, expression.reference(of: node) == nil, let slot = textSlot(operand)
    else { return nil }
    return switch function.name {
    case "lowerAscii": (slot, .lowerASCII)
    case "upperAscii": (slot, .upperASCII)
    default: nil
    }
  }

  private func textSlot(_ node: Expression) -> Int? {
    guard case .variable(let variable) = expression.reference(of: node),
      variable.type == .string, known[variable.slot] == nil
    else { return nil }
    return variable.slot
  }
}
