/// A value of a file as it is written: with its anchors, its aliases and its quotes, which the tree
/// that is bound has no need of.
///
/// All places are bytes of a text that has LF at the end of its lines and no byte order mark.
struct FormatNode {
  enum Content {
    case alias(String)
    case scalar(String, YAMLScalar.Style)
    case sequence([FormatNode])
    case mapping([Entry])
  }

  struct Entry {
    var key: FormatNode
    var value: FormatNode
  }

  var content: Content
  var anchor: String?
  /// Behind its anchor: at its first letter, sign or, in a block, dash or key.
  var start: Int
  /// Behind the last thing that is written of it.
  var end: Int
  /// Whether a collection is written with `[]` or `{}`.
  var isFlow = false
  /// The column from which libyaml counts the indentation of a block inside.
  var column = 0
  /// With the anchor: where that begins, and where it ends; both at the start if there is none.
  var begin: Int
  var anchorEnd: Int

  var isEmptyCollection: Bool {
    switch content {
    case .alias, .scalar: false
    case .sequence(let items): items.isEmpty
    case .mapping(let entries): entries.isEmpty
    }
  }

  var isCollection: Bool {
    switch content {
    case .alias, .scalar: false
    case .sequence, .mapping: true
    }
  }

  var isBlockScalar: Bool {
    switch content {
    case .scalar(_, .literal), .scalar(_, .folded): true
    case .scalar, .alias, .sequence, .mapping: false
    }
  }

  /// Whether it is a value that nobody wrote.
  var isAbsent: Bool {
    if case .scalar("", .plain) = content { anchor == nil } else { false }
  }
}

/// Puts nodes together from the events of a text that is known to be well-formed.
struct FormatReader {
  let text: SourceText
  private let offsets: CharacterOffsets
  private var events: [YAMLEvent] = []
  private var next = 0
  /// Of every scalar and alias, without a comment in the first line of a block scalar.
  private(set) var scalars: [Range<Int>] = []

  init(_ text: SourceText) {
    self.text = text
    offsets = CharacterOffsets(of: text)
  }

  /// The value of the text, nil if it holds none; false if libyaml cannot read it.
  mutating func read() -> (isRead: Bool, root: FormatNode?) {
    var found: [YAMLEvent] = []
    let failure = readYAMLEvents(of: text.bytes[...]) { event in
      switch event.kind {
      case .streamEdge, .documentStart, .documentEnd: break
      case .alias, .scalar, .sequenceStart, .mappingStart, .collectionEnd: found.append(event)
      }
      return true
    }
    guard failure == nil else { return (false, nil) }
    events = found
    return (true, node(inside: 0))
  }

  /// The next node; `column` is that of the innermost block around it.
  private mutating func node(inside column: Int) -> FormatNode? {
    guard next < events.count else { return nil }
    let event = events[next]
    next += 1
    let start = offsets.byte(ofCharacter: event.start)
    let end = offsets.byte(ofCharacter: event.end)
    switch event.kind {
    case .streamEdge, .documentStart, .documentEnd, .collectionEnd: return nil
    case .alias(let name):
      scalars.append(start..<end)
      return FormatNode(
        content: .alias(name),
        start: start,
        end: end,
        begin: start,
        anchorEnd: start
      )
    case .scalar(let value, let style, let properties):
      let (anchorEnd, content) = behindAnchor(properties.anchor, from: start, to: end)
      take(content..<max(content, end), style)
      return FormatNode(
        content: .scalar(value, style),
        anchor: properties.anchor,
        start: content,
        end: max(content, end),
        column: column,
        begin: start,
        anchorEnd: anchorEnd
      )
    case .sequenceStart(let properties, let isFlow):
      return collection(properties.anchor, isFlow, start, inside: column) { reader, column in
        var items: [FormatNode] = []
        while let item = reader.node(inside: column) { items.append(item) }
        return .sequence(items)
      }
    case .mappingStart(let properties, let isFlow):
      return collection(properties.anchor, isFlow, start, inside: column) { reader, column in
        var entries: [FormatNode.Entry] = []
        while let key = reader.node(inside: column), let value = reader.node(inside: column) {
          entries.append(FormatNode.Entry(key: key, value: value))
        }
        return .mapping(entries)
      }
    }
  }

  private mutating func collection(
    _ anchor: String?,
    _ isFlow: Bool,
    _ start: Int,
    inside column: Int,
    _ read: (inout FormatReader, Int) -> FormatNode.Content
  ) -> FormatNode {
    let (anchorEnd, content) = behindAnchor(anchor, from: start, to: text.bytes.count)
    let own = isFlow ? column : content - text.lineRange(at: content).lowerBound
    let inside = read(&self, own)
    // The event that ended the loop.
    let close = next > 0 && next <= events.count ? events[next - 1] : nil
    let end =
      isFlow
      ? close.map { offsets.byte(ofCharacter: $0.end) } ?? content : inside.lastEnd ?? content
    return FormatNode(
      content: inside,
      anchor: anchor,
      start: content,
      end: end,
      isFlow: isFlow,
      column: own,
      begin: start,
      anchorEnd: anchorEnd
    )
  }

  /// Where an anchor ends, and where what it names begins.
  private func behindAnchor(_ anchor: String?, from start: Int, to end: Int) -> (Int, Int) {
    guard let anchor else { return (start, start) }
    let anchorEnd = min(start + 1 + anchor.utf8.count, end)
    var index = anchorEnd
    while index < end {
      let byte = text.bytes[index]
      if byte == UInt8(ascii: "#") {
        index = text.lineRange(at: index).upperBound
      } else if byte == 0x20 || byte == 0x09 || byte == 0x0A {
        index += 1
      } else {
        break
      }
    }
    return (anchorEnd, min(index, end))
  }

  /// Remembers where a scalar stands; behind the sign of a block scalar there may be a comment.
  private mutating func take(_ range: Range<Int>, _ style: YAMLScalar.Style) {
    guard style == .literal || style == .folded else {
      scalars.append(range)
      return
    }
    let lineEnd = min(text.lineRange(at: range.lowerBound).upperBound, range.upperBound)
    let sign = text.bytes[range.lowerBound..<lineEnd].firstIndex(of: UInt8(ascii: "#")) ?? lineEnd
    scalars.append(range.lowerBound..<sign)
    scalars.append(lineEnd..<range.upperBound)
  }
}

extension FormatNode.Content {
  /// Behind the last thing in a block.
  fileprivate var lastEnd: Int? {
    switch self {
    case .alias, .scalar: nil
    case .sequence(let items): items.last?.end
    case .mapping(let entries): entries.last.map { max($0.key.end, $0.value.end) }
    }
  }
}
