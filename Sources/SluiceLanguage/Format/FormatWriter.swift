import SluiceCore

/// Writes nodes in the one form that `sluice fmt` gives, and the comments where they belong.
///
/// Comments keep their order: each line is preceded by all that come before it in the text, and
/// followed, behind two spaces, by one that stood on the same line. Those at the end of a block stay
/// in the block if they are indented like it.
struct FormatWriter {
  /// The longest line that a flow collection is put on.
  static let width = 120

  private let text: SourceText
  private let comments: [Range<Int>]
  private var next = 0
  private(set) var lines: [String] = []
  /// Whether nothing stands yet in the innermost block.
  private var isFresh = true
  /// What stands in place of the indentation of the next line: the dashes of items.
  private var dashes: String?

  init(_ text: SourceText, comments: [Range<Int>]) {
    self.text = text
    self.comments = comments
  }

  /// The text of a whole file.
  mutating func write(_ root: FormatNode?) -> String {
    let end = text.bytes.count
    if let root, !root.isAbsent {
      if isInline(root, at: 0, behind: "") {
        lead(before: root.start, at: 0)
        inline(root, behind: "", at: 0, from: root.start)
        if !root.isBlockScalar { trail(behind: root.end, before: end) }
      } else {
        if root.anchor != nil {
          lead(before: root.begin, at: 0)
          add(properties(root), at: 0, from: root.begin)
        }
        block(root, at: 0, limit: end, limitColumn: -1)
      }
    }
    lead(before: end, at: 0)
    return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
  }

  // Blocks.

  private mutating func block(_ node: FormatNode, at depth: Int, limit: Int, limitColumn: Int) {
    isFresh = true
    switch node.content {
    case .alias, .scalar: preconditionFailure("a scalar is no block")
    case .sequence(let items):
      var dash = node.start
      for (index, each) in items.enumerated() {
        let end =
          index + 1 < items.count ? token(behind: each, before: items[index + 1], node) : limit
        item(each, from: dash, at: depth, limit: end, limitColumn: node.isFlow ? -1 : node.column)
        dash = end
      }
    case .mapping(let entries):
      for (index, each) in entries.enumerated() {
        let end =
          index + 1 < entries.count
          ? token(behind: each.value, before: entries[index + 1].key, node) : limit
        entry(each, at: depth, limit: end, limitColumn: node.isFlow ? -1 : node.column)
      }
    }
    while next < comments.count, belongs(comments[next], to: node, limit, limitColumn) {
      ownLine(at: depth)
    }
  }

  /// Where what follows a value begins: in a block with its dash, key or anchor.
  private func token(behind value: FormatNode, before next: FormatNode, _ node: FormatNode) -> Int {
    guard !node.isFlow else { return next.begin }
    var index = value.end
    while index < next.begin {
      switch text.bytes[index] {
      case UInt8(ascii: "#"): index = text.lineRange(at: index).upperBound
      case 0x0A: index += 1
      case let byte where Self.isBlank(byte): index += 1
      default: return index
      }
    }
    return next.begin
  }

  /// Whether a comment behind the last thing in a block is the block's.
  private func belongs(
    _ comment: Range<Int>,
    to node: FormatNode,
    _ limit: Int,
    _ limitColumn: Int
  ) -> Bool {
    if node.isFlow {
      return comment.lowerBound < node.end
        || comment.lowerBound < limit && lineStart(comment.lowerBound) == lineStart(node.end)
    }
    let column = comment.lowerBound - lineStart(comment.lowerBound)
    return comment.lowerBound < limit && column >= node.column && column > limitColumn
  }

  private mutating func entry(
    _ entry: FormatNode.Entry,
    at depth: Int,
    limit: Int,
    limitColumn: Int
  ) {
    let head = keyText(entry.key) + ":"
    let value = entry.value
    if isInline(value, at: depth, behind: head) {
      let start = value.isAbsent ? entry.key.start : value.start
      lead(before: start, at: depth)
      inline(value, behind: head, at: depth, from: entry.key.start)
      if !value.isBlockScalar {
        trail(behind: value.isAbsent ? entry.key.end : value.end, before: limit)
      }
    } else {
      lead(before: entry.key.start, at: depth)
      let anchor = value.anchor == nil ? "" : " " + properties(value)
      add(head + anchor, at: depth, from: entry.key.start)
      open(value, behind: value.anchor == nil ? entry.key.end : value.anchorEnd, limit)
      block(value, at: depth + 1, limit: limit, limitColumn: limitColumn)
    }
  }

  private mutating func item(
    _ node: FormatNode,
    from dash: Int,
    at depth: Int,
    limit: Int,
    limitColumn: Int
  ) {
    if isInline(node, at: depth, behind: "-") {
      lead(before: node.isAbsent ? node.end : node.start, at: depth)
      inline(node, behind: "-", at: depth, from: dash)
      if !node.isBlockScalar { trail(behind: node.end, before: limit) }
    } else if node.anchor != nil {
      lead(before: node.begin, at: depth)
      add("- " + properties(node), at: depth, from: dash)
      open(node, behind: node.anchorEnd, limit)
      block(node, at: depth + 1, limit: limit, limitColumn: limitColumn)
    } else {
      lead(before: headEnd(node, at: depth + 1), at: depth)
      blank(before: dash)
      dashes = (dashes ?? indentation(depth)) + "- "
      block(node, at: depth + 1, limit: limit, limitColumn: limitColumn)
    }
  }

  /// Before what place of a block comments come before the line that it begins on.
  private func headEnd(_ node: FormatNode, at depth: Int) -> Int {
    switch node.content {
    case .alias, .scalar: return node.start
    case .sequence(let items):
      guard let first = items.first else { return node.start }
      return isInline(first, at: depth, behind: "-") || first.anchor != nil
        ? first.start : headEnd(first, at: depth + 1)
    case .mapping(let entries):
      guard let first = entries.first else { return node.start }
      let isShort = isInline(first.value, at: depth, behind: keyText(first.key) + ":")
      return isShort && !first.value.isAbsent ? first.value.start : first.key.start
    }
  }

  /// Ends the line on which a block is opened.
  private mutating func open(_ node: FormatNode, behind end: Int, _ limit: Int) {
    let before = next
    trail(behind: end, before: firstStart(node))
    // Or there is one behind a flow collection that is written as a block.
    guard node.isFlow, next == before, next < comments.count, comments[next].lowerBound >= node.end
    else { return }
    trail(behind: node.end, before: limit)
  }

  private func firstStart(_ node: FormatNode) -> Int {
    switch node.content {
    case .alias, .scalar: node.start
    case .sequence(let items): items.first?.start ?? node.end
    case .mapping(let entries): entries.first?.key.start ?? node.end
    }
  }

  // Lines.

  private mutating func add(_ line: String, at depth: Int, from start: Int) {
    if dashes == nil { blank(before: start) }
    lines.append((dashes ?? indentation(depth)) + line)
    dashes = nil
    isFresh = false
  }

  /// The empty line that stands before a place, if one does; not at the beginning of a block.
  private mutating func blank(before start: Int) {
    guard !isFresh, dashes == nil, lines.last != "", isBehindBlankLine(start) else { return }
    lines.append("")
  }

  /// Comments before a place, on lines of their own.
  private mutating func lead(before place: Int, at depth: Int) {
    // What stands behind dashes that are written already comes before them.
    guard dashes == nil else { return }
    while next < comments.count, comments[next].lowerBound < place { ownLine(at: depth) }
  }

  private mutating func ownLine(at depth: Int) {
    let comment = comments[next]
    next += 1
    add(comments: comment, at: depth)
  }

  private mutating func add(comments range: Range<Int>, at depth: Int) {
    add(comment(range), at: depth, from: range.lowerBound)
  }

  /// A comment behind `end` on its line, and before `limit`.
  private mutating func trail(behind end: Int, before limit: Int) {
    guard next < comments.count else { return }
    let comment = comments[next]
    let isNear = comment.lowerBound >= end && comment.lowerBound < limit
    guard isNear, lineStart(comment.lowerBound) == lineStart(end) else { return }
    next += 1
    lines[lines.count - 1] += "  " + self.comment(comment)
  }

  private func comment(_ range: Range<Int>) -> String {
    var end = range.upperBound
    while end > range.lowerBound, Self.isBlank(text.bytes[end - 1]) { end -= 1 }
    return text.text(in: range.lowerBound..<end)
  }

  private func indentation(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private func lineStart(_ offset: Int) -> Int { text.lineRange(at: offset).lowerBound }

  private func isBehindBlankLine(_ start: Int) -> Bool {
    var breaks = 0
    for byte in text.bytes[..<min(start, text.bytes.count)].reversed() {
      if byte == 0x0A {
        breaks += 1
        if breaks == 2 { return true }
      } else if !Self.isBlank(byte) {
        return false
      }
    }
    return false
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

// Values on the line of their key or dash.
extension FormatWriter {
  private func isInline(_ node: FormatNode, at depth: Int, behind head: String) -> Bool {
    guard node.isCollection, !node.isEmptyCollection else { return true }
    guard node.isFlow, comment(from: node.start) == comment(from: node.end), let flow = flow(node)
    else { return false }
    let count = 2 * depth + head.count + 1 + flow.count
    return count <= Self.width || isAllowed(node)
  }

  /// The first comment at or behind a place.
  private func comment(from place: Int) -> Int {
    var low = 0
    var high = comments.count
    while low < high {
      let middle = (low + high) / 2
      if comments[middle].lowerBound < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether `sluice:allow` stands over or behind it, which is about one line.
  private func isAllowed(_ node: FormatNode) -> Bool {
    func allows(_ index: Int) -> Bool {
      comments.indices.contains(index)
        && comment(comments[index]).dropFirst().drop { $0 == " " || $0 == "\t" }
          .hasPrefix("sluice:allow")
    }
    guard lineStart(node.start) == lineStart(node.end) else { return false }
    let behind = comment(from: node.end)
    if allows(behind), lineStart(comments[behind].lowerBound) == lineStart(node.end) { return true }
    guard allows(behind - 1) else { return false }
    // Nothing but blank lines between the comment and the line of the node.
    return text.bytes[comments[behind - 1].upperBound..<lineStart(node.start)]
      .allSatisfy { $0 == 0x0A || Self.isBlank($0) }
  }

  private mutating func inline(
    _ node: FormatNode,
    behind head: String,
    at depth: Int,
    from start: Int
  ) {
    let head = head.isEmpty || node.isAbsent ? head : head + " "
    let anchor = node.anchor == nil ? "" : properties(node)
    guard case .scalar(let value, let style) = node.content, isBroken(node) else {
      let written = flow(node) ?? ""
      let gap = anchor.isEmpty || written.isEmpty ? "" : " "
      return add(head + anchor + gap + written, at: depth, from: start)
    }
    let first = anchor.isEmpty ? head : head + anchor + " "
    switch style {
    case .plain, .singleQuoted, .doubleQuoted:
      let parts = text.text(in: node.start..<node.end)
        .split(separator: "\n", omittingEmptySubsequences: false)
      add(first + Self.trimmed(parts[0], leading: false), at: depth, from: start)
      for part in parts.dropFirst() {
        let line = Self.trimmed(part, leading: true)
        lines.append(line.isEmpty ? "" : indentation(depth + 1) + line)
      }
    case .literal, .folded:
      let block = BlockScalar(node, in: text)
      guard value.unicodeScalars.contains(where: { $0 != "\n" && $0 != " " && $0 != "\t" }) else {
        add(first + Self.quoted(value), at: depth, from: start)
        trail(behind: node.start, before: node.end)
        return
      }
      add(first + block.head(for: value), at: depth, from: start)
      trail(behind: node.start, before: node.end)
      for line in block.lines(for: value) {
        lines.append(line.isEmpty ? "" : indentation(depth + 1) + line)
      }
    }
  }

  /// Whether a scalar is written over several lines, and stays so.
  private func isBroken(_ node: FormatNode) -> Bool {
    guard case .scalar = node.content else { return false }
    return node.isBlockScalar || text.bytes[node.start..<node.end].contains(0x0A)
  }

  private func properties(_ node: FormatNode) -> String { node.anchor.map { "&\($0)" } ?? "" }

  private func keyText(_ key: FormatNode) -> String {
    let anchor = key.anchor == nil ? "" : properties(key) + " "
    // libyaml takes no sign of its own behind an alias.
    if case .alias(let name) = key.content { return "*\(name) " }
    return anchor + (flow(key) ?? "")
  }

  /// A node on one line; nil if it cannot be.
  private func flow(_ node: FormatNode) -> String? {
    switch node.content {
    case .alias(let name): return "*\(name)"
    case .scalar(let value, .plain): return value.unicodeScalars.contains("\n") ? nil : value
    case .scalar(let value, _): return Self.quoted(value)
    case .sequence(let items):
      var parts: [String] = []
      for item in items {
        guard let part = flowPart(item) else { return nil }
        parts.append(part)
      }
      return "[" + parts.joined(separator: ", ") + "]"
    case .mapping(let entries):
      var parts: [String] = []
      for entry in entries {
        guard let value = flowPart(entry.value) else { return nil }
        let key = keyText(entry.key)
        parts.append(entry.value.isAbsent ? key : key + ": " + value)
      }
      return parts.isEmpty ? "{}" : "{ " + parts.joined(separator: ", ") + " }"
    }
  }

  private func flowPart(_ node: FormatNode) -> String? {
    guard let written = flow(node) else { return nil }
    guard node.anchor != nil else { return written }
    return properties(node) + (written.isEmpty ? "" : " " + written)
  }

  /// Quotes as a fix of lint writes them; escapes only for what cannot be seen.
  private static func quoted(_ text: String) -> String {
    text.unicodeScalars.contains(where: isHidden) ? escaped(text) : Wording.quoted(text)
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
    default: false
    }
  }

  /// In double quotes, with escapes (YAML 1.2.2, section 5.7).
  private static func escaped(_ text: String) -> String {
    var written = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": written += "\\\""
      case "\\": written += "\\\\"
      case "\n": written += "\\n"
      case "\t": written += "\\t"
      case "\r": written += "\\r"
      case _ where isHidden(scalar):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value < 0x100 ? 2 : 4
        written += width == 2 ? "\\x" : "\\u"
        written += String(repeating: "0", count: max(0, width - digits.count)) + digits
      default: written.unicodeScalars.append(scalar)
      }
    }
    return written + "\""
  }

  /// A line of a scalar without the blanks around it, which mean nothing.
  private static func trimmed(_ part: Substring, leading: Bool) -> String {
    var bytes = Array(part.utf8)[...]
    if leading { bytes = bytes.drop(while: isBlank) }
    while let last = bytes.last, isBlank(last) {
      // `\ ` at the end of a line in double quotes is a blank that is meant.
      if bytes.dropLast().last == UInt8(ascii: "\\") { break }
      bytes = bytes.dropLast()
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What a `|` or `>` block says, without its indentation.
private struct BlockScalar {
  private let sign: String
  private var content: [String]

  init(_ node: FormatNode, in text: SourceText) {
    let all = text.text(in: node.start..<node.end)
      .split(separator: "\n", omittingEmptySubsequences: false)
    sign = String(all[0].prefix(1))
    let body = all.dropFirst()
    let given = all[0].prefix { $0 != "#" && $0 != " " }.first(where: \.isNumber)
      .flatMap(\.wholeNumberValue)
    let first = body.first { $0.utf8.contains { $0 != 0x20 } }
    let found = first.map { line in line.utf8.prefix { $0 == 0x20 }.count }
    let depth = given.map { node.column + $0 } ?? found ?? 0
    content = body.map { line in
      let blanks = line.utf8.prefix { $0 == 0x20 }.count
      return String(decoding: line.utf8.dropFirst(min(depth, blanks)), as: UTF8.self)
    }
    while content.last == "" { content.removeLast() }
  }

  /// The sign, the indentation where it cannot be told from the text, and what is done at the end.
  func head(for value: String) -> String {
    let first = content.first { !$0.isEmpty }
    let isUnclear = first?.utf8.first == 0x20 || first?.utf8.first == 0x09
    let end =
      switch Self.breaks(at: value) {
      case 0: "-"
      case 1: ""
      default: "+"
      }
    return sign + (isUnclear ? "2" : "") + end
  }

  func lines(for value: String) -> [String] {
    content + Array(repeating: "", count: max(0, Self.breaks(at: value) - 1))
  }

  private static func breaks(at value: String) -> Int {
    value.utf8.reversed().prefix { $0 == 0x0A }.count
  }
}
