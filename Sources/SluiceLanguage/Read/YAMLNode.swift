/// A value of a YAML file, with its place.
///
/// The tree is what the text says and no more: scalars keep their raw text and style, and it is for
/// the binder to read a number, a duration or a condition out of them.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    /// Nothing: an absent value, `~` or `null` in plain style.
    case null
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping(YAMLMapping)
  }

  package var content: Content
  /// Where the value is written; behind an alias, where the anchored value is.
  package var span: SourceSpan
  /// Where the alias stands, if this value came through one.
  package var aliasSpan: SourceSpan?
  /// Whether a collection is written in flow style, with `[]` or `{}`.
  package var isFlow: Bool

  package init(
    _ content: Content,
    span: SourceSpan,
    aliasSpan: SourceSpan? = nil,
    isFlow: Bool = false
  ) {
    self.content = content
    self.span = span
    self.aliasSpan = aliasSpan
    self.isFlow = isFlow
  }

  /// Where the value is used: at its alias if there is one.
  package var useSpan: SourceSpan { aliasSpan ?? span }

  package var isNull: Bool {
    if case .null = content { true } else { false }
  }

  package var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  package var sequence: [YAMLNode]? {
    if case .sequence(let items) = content { items } else { nil }
  }

  package var mapping: YAMLMapping? {
    if case .mapping(let mapping) = content { mapping } else { nil }
  }

  /// What the author wrote, in the author's words: `a list`, `a map`, `text`, `nothing`.
  package var kindDescription: String {
    switch content {
    case .null: "nothing"
    case .sequence: "a list"
    case .mapping: "a map"
    case .scalar(let scalar): scalar.kindDescription
    }
  }
}

/// The entries of a mapping, in the order written, no key twice.
package struct YAMLMapping: Sendable {
  package private(set) var entries: [YAMLEntry] = []
  private var indexes: [String: Int] = [:]

  package init() {}

  package var isEmpty: Bool { entries.isEmpty }
  package var keys: [String] { entries.map(\.name) }

  package subscript(name: String) -> YAMLEntry? { indexes[name].map { entries[$0] } }

  /// Appends an entry; answers the earlier one of the same name, if any, and then changes nothing.
  package mutating func append(_ entry: YAMLEntry) -> YAMLEntry? {
    if let index = indexes[entry.name] { return entries[index] }
    indexes[entry.name] = entries.count
    entries.append(entry)
    return nil
  }
}

/// A key and its value.
package struct YAMLEntry: Sendable {
  package var key: YAMLScalar
  package var value: YAMLNode

  package init(key: YAMLScalar, value: YAMLNode) {
    self.key = key
    self.value = value
  }

  package var name: String { key.text }
  package var keySpan: SourceSpan { key.span }
}

/// A scalar: its value as YAML unfolds it, how it was written, and where.
package struct YAMLScalar: Sendable {
  package enum Style: Sendable {
    case plain
    case singleQuoted
    case doubleQuoted
    /// A `|` block.
    case literal
    /// A `>` block.
    case folded
  }

  package var text: String
  package var style: Style
  /// From the first character or quote or block sign to behind the last.
  package var span: SourceSpan

  package init(text: String, style: Style, span: SourceSpan) {
    self.text = text
    self.style = style
    self.span = span
  }

  /// Whether YAML reads the text as more than text: only a plain scalar can be a number or a boolean.
  package var isPlain: Bool { style == .plain }
}
