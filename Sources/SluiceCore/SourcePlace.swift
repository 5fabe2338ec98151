/// Where something stands in a bundle: the part of a span that survives compilation, so that a
/// trail can name the line that decided.
package struct SourcePlace: Hashable, Sendable, Comparable {
  /// The path as the user named it, relative to the bundle's folder.
  package var file: String
  /// From 1.
  package var line: Int
  /// From 1, in characters.
  package var column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// For what no file says: a printed default.
  package static let builtIn = SourcePlace(file: "", line: 0, column: 0)

  package static func < (left: Self, right: Self) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

extension SourcePlace: CustomStringConvertible {
  /// `routes.yaml:12:5`, or `default` for what no file says.
  package var description: String { line == 0 ? "default" : "\(file):\(line):\(column)" }
}
