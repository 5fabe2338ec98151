/// What was read of one file.
package struct YAMLDocument: Sendable {
  package var source: SourceID
  /// The value of the file; null when it is empty.
  package var root: YAMLNode
  /// Whether reading reached the end.
  ///
  /// If not, the tree holds what came before the mistake, and what is absent proves nothing.
  package var isWhole: Bool

  package init(source: SourceID, root: YAMLNode, isWhole: Bool) {
    self.source = source
    self.root = root
    self.isWhole = isWhole
  }
}
