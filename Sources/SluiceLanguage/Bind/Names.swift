/// The names that a section declares, with their places.
struct Names {
  /// What one of them is called in messages: `tier`.
  let kind: String
  /// In the order of the files; each once.
  private(set) var entries: [YAMLEntry] = []
  private var spans: [String: SourceSpan] = [:]

  init(kind: String) { self.kind = kind }

  /// Adds a declaration; answers where the name was declared before, and then changes nothing.
  mutating func declare(_ entry: YAMLEntry) -> SourceSpan? {
    if let first = spans[entry.name] { return first }
    spans[entry.name] = entry.keySpan
    entries.append(entry)
    return nil
  }

  /// Where a name is declared.
  subscript(name: String) -> SourceSpan? { spans[name] }

  var isEmpty: Bool { entries.isEmpty }
  var all: [String] { entries.map(\.name) }
  /// The order of the policy's lists.
  var sorted: [String] { spans.keys.sorted() }

  /// The position of each name in the sorted list.
  var positions: [String: Int] {
    Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
  }
}
