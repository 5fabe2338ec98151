/// The names that a section declares, with their places.
struct Names {
  /// What one of them is called in messages: `tier`.
  let kind: String
  /// In the order of the files; each once.
  private(set) var entries: [YAMLEntry] = []
  /// Where in `entries` each name is.
  private var indexes: [String: Int] = [:]
  /// The position of each name among all in order, which is the order of the policy's lists.
  ///
  /// Set by `close`.
  private(set) var positions: [String: Int] = [:]

  init(kind: String) { self.kind = kind }

  /// Adds a declaration; answers where the name was declared before, and then changes nothing.
  mutating func declare(_ entry: YAMLEntry) -> SourceSpan? {
    if let index = indexes[entry.name] { return entries[index].keySpan }
    indexes[entry.name] = entries.count
    entries.append(entry)
    return nil
  }

  /// Says that all names are declared.
  mutating func close() {
    positions = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
  }

  /// Where a name is declared.
  subscript(name: String) -> SourceSpan? { entry(name)?.keySpan }

  func entry(_ name: String) -> YAMLEntry? { indexes[name].map { entries[$0] } }

  var isEmpty: Bool { entries.isEmpty }
  var all: [String] { entries.map(\.name) }
  var sorted: [String] { indexes.keys.sorted() }
}
