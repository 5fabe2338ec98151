/// Finds expressions that the commas of a flow collection have cut, such as `{ when: f(a, b) }`.
///
/// libyaml reads them without complaint, as `when: f(a` and a key `b)`; an author would be told of
/// a key that was never written.
struct FlowSplits {
  let text: SourceText
  let source: SourceID
  /// Pieces that one expression is looked for in.
  private static let most = 16

  init(text: SourceText, source: SourceID) {
    self.text = text
    self.source = source
  }

  func findings(in node: YAMLNode) -> [Diagnostic] {
    switch node.content {
    case .null, .scalar: []
    case .sequence(let items): inSequence(items)
    case .mapping(let mapping): inMapping(mapping.entries)
    }
  }

  private func inSequence(_ items: [YAMLNode]) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var index = 0
    while index < items.count {
      let pieces = items[index...].prefix(Self.most).map(\.plain)
      if let last = end(of: pieces, isPiece: { _ in true }) {
        found += [finding(from: items[index].span, through: items[index + last].span)]
        index += last
      }
      index += 1
    }
    return found
  }

  private func inMapping(_ entries: [YAMLEntry]) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var index = 0
    while index < entries.count {
      var pieces: [YAMLScalar?] = [entries[index].value.plain]
      pieces += entries[(index + 1)...].prefix(Self.most).map { $0.key.isPlain ? $0.key : nil }
      let start = index
      if let last = end(of: pieces, isPiece: { entries[start + $0].value.isNull }) {
        found += [finding(from: entries[index].value.span, through: entries[index + last].keySpan)]
        index += last
      }
      index += 1
    }
    return found
  }

  /// Which piece closes what the first one leaves open; nil if the first is whole or none does.
  private func end(of pieces: [YAMLScalar?], isPiece: (Int) -> Bool) -> Int? {
    guard pieces.count > 1, let first = pieces[0], first.text.utf8.contains(UInt8(ascii: "("))
    else { return nil }
    var nesting = Nesting(of: first.text)
    guard nesting.round > 0 || nesting.isQuoted else { return nil }
    for (index, piece) in pieces.enumerated().dropFirst() {
      guard let piece, isPiece(index) else { return nil }
      for byte in (", " + piece.text).utf8 { nesting.take(byte) }
      if nesting.isBalanced { return index }
    }
    return nil
  }

  private func finding(from first: SourceSpan, through last: SourceSpan) -> Diagnostic {
    let span = first.through(last)
    return .expressionSplit(
      by: "`,`",
      quoted: Wording.quoted(text.text(in: span.range)),
      at: span
    )
  }
}

extension YAMLNode {
  /// The scalar, if it is plain and written here.
  fileprivate var plain: YAMLScalar? {
    guard let scalar, scalar.isPlain, aliasSpan == nil else { return nil }
    return scalar
  }
}
