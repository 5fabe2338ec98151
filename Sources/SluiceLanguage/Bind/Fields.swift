/// One map with fixed keys, while it is bound.
///
/// Made by `Binder.fields`, which has told its unknown keys. A key that its table does not hold is
/// a mistake of the binder, and traps.
struct Fields {
  let table: KeyTable
  /// The map in the author's words: ``upstream `openai` ``.
  let owner: String
  let mapping: YAMLMapping
  /// Where to say that something is missing.
  let span: SourceSpan

  subscript(key: String) -> YAMLEntry? {
    precondition(table.allows(key), "the key table of '\(table.path)' has no '\(key)'")
    return mapping[key]
  }

  func has(_ key: String) -> Bool { self[key] != nil }
}

/// One declaration of the policy and the text it came from, so that checks can point at any part.
struct Declared<Settings> {
  /// Where its name stands; for what no file says, where to complain about that.
  var nameSpan: SourceSpan
  /// Nil for what no file says.
  var node: YAMLNode?
  var settings: Settings

  /// Where the value at a path of keys stands; the nearest thing that is there.
  func span(_ path: String...) -> SourceSpan {
    var current = node
    var span = nameSpan
    for key in path {
      guard let entry = current?.mapping?[key] else { break }
      current = entry.value
      span = entry.value.span.range.isEmpty ? entry.keySpan : entry.value.span
    }
    return span
  }

  /// Where the key at the end of a path stands; nil if it is not given.
  func keySpan(_ path: String...) -> SourceSpan? {
    var current = node
    var span: SourceSpan?
    for key in path {
      guard let entry = current?.mapping?[key] else { return nil }
      current = entry.value
      span = entry.keySpan
    }
    return span
  }
}

extension YAMLNode {
  /// Where to point at this value: at `span` if nothing is written.
  func place(orElse span: SourceSpan) -> SourceSpan { useSpan.range.isEmpty ? span : useSpan }
}

extension YAMLEntry {
  /// Where to point at the value: at the key if nothing is written.
  var valueSpan: SourceSpan { value.place(orElse: keySpan) }
}
