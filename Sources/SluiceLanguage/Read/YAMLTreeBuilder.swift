import SluiceCore

/// Grows the tree of one file from libyaml's events.
struct YAMLTreeBuilder {
  let text: SourceText
  let source: SourceID
  let offsets: CharacterOffsets
  private(set) var findings: [Diagnostic] = []
  /// Whether reading was stopped by a bound.
  private(set) var isAbandoned = false

  private var root: YAMLNode?
  private var open: [Collection] = []
  private var anchors: [String: Anchored] = [:]
  private var aliasNodes = 0
  private var documents = 0

  init(text: SourceText, source: SourceID, offsets: CharacterOffsets) {
    self.text = text
    self.source = source
    self.offsets = offsets
  }

  /// A collection whose end has not been seen.
  private struct Collection {
    var start: Int
    var isFlow: Bool
    var isMapping: Bool
    var anchor: String?
    var items: [YAMLNode] = []
    var mapping = YAMLMapping()
    /// The key that waits for its value.
    var key: Key = .none
    /// Nodes inside, and how deep they nest, itself included.
    var size = 1
    var height = 1
    /// Behind the last thing inside.
    var lastEnd: Int
  }

  private enum Key {
    case none
    case usable(YAMLScalar)
    /// Its value is read and dropped; the mistake has been told.
    case refused
  }

  /// An anchored value, and what an alias of it adds.
  private struct Anchored {
    var node: YAMLNode
    var size: Int
    var height: Int
  }

  /// Takes an event; false when reading has to stop.
  mutating func take(_ event: YAMLEvent) -> Bool {
    let start = offsets.byte(ofCharacter: event.start)
    let end = offsets.byte(ofCharacter: event.end)
    switch event.kind {
    case .streamEdge, .documentEnd:
      return true
    case .documentStart(let hasDirective):
      documents += 1
      if documents > 1 {
        report(.severalDocuments(at: span(start, max(end, start + 3))))
        return false
      }
      if hasDirective { report(.yamlDirective(at: directiveSpan())) }
      return true
    case .alias(let name):
      return takeAlias(name, span(start, end))
    case .scalar(let value, let style, let properties):
      let begin = content(from: start, to: end, properties)
      let scalar = YAMLScalar(
        text: value,
        style: style,
        span: span(begin, trimmed(end, from: begin, style))
      )
      let isNull = style == .plain && properties.tag == nil && Self.nulls.contains(value)
      let node = YAMLNode(isNull ? .null : .scalar(scalar), span: scalar.span)
      place(node, scalar: scalar, size: 1, height: 0, anchor: properties.anchor)
      return true
    case .sequenceStart(let properties, let isFlow):
      return begin(isMapping: false, isFlow, properties, start, end)
    case .mappingStart(let properties, let isFlow):
      return begin(isMapping: true, isFlow, properties, start, end)
    case .collectionEnd:
      endCollection(at: end)
      return true
    }
  }

  private mutating func report(_ finding: Diagnostic) {
    if findings.count < Bounds.keptDiagnostics { findings.append(finding) }
  }

  /// The tree so far; what is still open ends where reading stopped.
  mutating func finish() -> YAMLNode {
    // What seems wrong with a collection that was cut short is a consequence.
    let found = findings
    while let collection = open.last { endCollection(at: collection.lastEnd) }
    findings = found
    return root ?? YAMLNode(.null, span: span(text.markLength, text.markLength))
  }

  private static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]
}

extension YAMLTreeBuilder {
  private mutating func begin(
    isMapping: Bool,
    _ isFlow: Bool,
    _ properties: YAMLProperties,
    _ start: Int,
    _ end: Int
  ) -> Bool {
    let begin = content(from: start, to: end, properties)
    guard open.count < Bounds.yamlNesting else {
      report(.nestingTooDeep(at: span(begin, begin + 1)))
      isAbandoned = true
      return false
    }
    open.append(
      Collection(
        start: begin,
        isFlow: isFlow,
        isMapping: isMapping,
        anchor: properties.anchor,
        lastEnd: max(begin, isFlow ? end : begin)
      )
    )
    return true
  }

  private mutating func endCollection(at end: Int) {
    guard let collection = open.popLast() else { return }
    // A block ends, for libyaml, where the next thing begins; for people, where its last value does.
    let node = YAMLNode(
      collection.isMapping ? .mapping(collection.mapping) : .sequence(collection.items),
      span: span(collection.start, collection.isFlow ? end : collection.lastEnd),
      isFlow: collection.isFlow
    )
    if collection.isFlow {
      for split in FlowSplits(text: text, source: source).findings(in: node) { report(split) }
    }
    place(
      node,
      scalar: nil,
      size: collection.size,
      height: collection.height,
      anchor: collection.anchor
    )
  }

  private mutating func takeAlias(_ name: String, _ span: SourceSpan) -> Bool {
    guard var anchored = anchors[name] else {
      let isInside = open.contains { $0.anchor == name }
      report(.unknownAnchor(name, isInsideItself: isInside, at: span))
      place(YAMLNode(.null, span: span), scalar: nil, size: 1, height: 0, anchor: nil)
      return true
    }
    aliasNodes += anchored.size
    guard aliasNodes <= Bounds.yamlAliasNodes else {
      report(.aliasesTooLarge(at: span))
      isAbandoned = true
      return false
    }
    guard open.count + anchored.height <= Bounds.yamlNesting else {
      report(.nestingTooDeep(at: span))
      isAbandoned = true
      return false
    }
    anchored.node.aliasSpan = span
    let scalar = anchored.node.scalar
    place(anchored.node, scalar: scalar, size: anchored.size, height: anchored.height, anchor: nil)
    return true
  }

  /// Puts a complete value where it belongs: the root, an item, a key, or the value of a key.
  private mutating func place(
    _ node: YAMLNode,
    scalar: YAMLScalar?,
    size: Int,
    height: Int,
    anchor: String?
  ) {
    if let anchor { anchors[anchor] = Anchored(node: node, size: size, height: height) }
    guard var collection = open.popLast() else {
      root = node
      return
    }
    collection.size += size
    collection.height = max(collection.height, height + 1)
    collection.lastEnd = max(collection.lastEnd, node.useSpan.end)
    if !collection.isMapping {
      collection.items.append(node)
    } else {
      switch collection.key {
      case .none:
        collection.key = key(node, scalar)
      case .refused:
        collection.key = .none
      case .usable(let key):
        collection.key = .none
        let entry = YAMLEntry(key: key, value: node)
        if let first = collection.mapping.append(entry) {
          report(
            .duplicateKey(key.text, in: section, at: key.span, first: first.keySpan)
          )
        }
      }
    }
    open.append(collection)
  }

  /// The key under which the innermost open collection's parent holds it.
  private var section: String? {
    guard let parent = open.last, case .usable(let key) = parent.key else { return nil }
    return key.text
  }

  private mutating func key(_ node: YAMLNode, _ scalar: YAMLScalar?) -> Key {
    guard let scalar, !node.isNull else {
      report(.keyNotText(node.kindDescription, at: node.useSpan))
      return .refused
    }
    if scalar.text == "<<", scalar.isPlain {
      report(.mergeKey(at: scalar.span))
      return .refused
    }
    return .usable(scalar)
  }
}

// Places.
extension YAMLTreeBuilder {
  private func span(_ start: Int, _ end: Int) -> SourceSpan {
    SourceSpan(source: source, start: start, end: end)
  }

  /// Where a value's content begins behind its anchor and tag, which libyaml counts to the value.
  private mutating func content(from start: Int, to end: Int, _ properties: YAMLProperties) -> Int {
    guard !properties.isEmpty else { return start }
    let bytes = text.bytes
    var index = start
    while index < end, bytes[index] == UInt8(ascii: "&") || bytes[index] == UInt8(ascii: "!") {
      let property = index
      while index < end, !Self.isSpace(bytes[index]) { index += 1 }
      if bytes[property] == UInt8(ascii: "!") {
        report(tagFinding(span(property, index)))
      }
      index = skipSpaceAndComments(from: index, to: end)
    }
    return min(index, end)
  }

  /// A tag, or an expression that begins with `!`.
  private func tagFinding(_ tag: SourceSpan) -> Diagnostic {
    let name = text.text(in: tag.range)
    guard !name.hasPrefix("!!"), !name.hasPrefix("!<"), name != "!",
      let value = ValueOnLine(around: tag.start, in: text)
    else { return .yamlTag(name, at: tag) }
    return .expressionSplit(
      by: "the leading `!`",
      quoted: value.quoted,
      at: span(value.range.lowerBound, value.range.upperBound)
    )
  }

  private func skipSpaceAndComments(from start: Int, to end: Int) -> Int {
    var index = start
    while index < end {
      if Self.isSpace(text.bytes[index]) {
        index += 1
      } else if text.bytes[index] == UInt8(ascii: "#"), index > start {
        while index < end, text.bytes[index] != 0x0A, text.bytes[index] != 0x0D { index += 1 }
      } else {
        break
      }
    }
    return index
  }

  /// The end of a block scalar without the empty lines behind it.
  private func trimmed(_ end: Int, from start: Int, _ style: YAMLScalar.Style) -> Int {
    guard style == .literal || style == .folded else { return end }
    var end = end
    while end > start, Self.isSpace(text.bytes[end - 1]) { end -= 1 }
    return end
  }

  private func directiveSpan() -> SourceSpan {
    let bytes = text.bytes
    var start = text.markLength
    while start < bytes.count, bytes[start] != UInt8(ascii: "%") { start += 1 }
    var end = start
    while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
    return span(start, end)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
