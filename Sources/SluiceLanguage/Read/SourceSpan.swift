/// Which file of a bundle: its index there.
package struct SourceID: Hashable, Sendable, Comparable {
  package let index: Int

  package init(index: Int) { self.index = index }

  package static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// A stretch of one file, in bytes; empty when something is missing at a place.
package struct SourceSpan: Hashable, Sendable {
  package var source: SourceID
  /// The offset of the first byte.
  package var start: Int
  /// The offset behind the last byte.
  package var end: Int

  package init(source: SourceID, start: Int, end: Int) {
    self.source = source
    self.start = start
    self.end = max(start, end)
  }

  package var range: Range<Int> { start..<end }

  /// The empty span where this one begins.
  package var beginning: SourceSpan { SourceSpan(source: source, start: start, end: start) }

  /// The empty span where this one ends.
  package var ending: SourceSpan { SourceSpan(source: source, start: end, end: end) }

  package func contains(_ other: SourceSpan) -> Bool {
    source == other.source && start <= other.start && other.end <= end
  }

  /// From the beginning of this span to the end of another one in the same file.
  package func through(_ other: SourceSpan) -> SourceSpan {
    precondition(source == other.source, "a span stays in one file")
    return SourceSpan(source: source, start: min(start, other.start), end: max(end, other.end))
  }
}

extension SourceSpan: Comparable {
  /// In reading order: by file, then by where they begin.
  package static func < (left: Self, right: Self) -> Bool {
    (left.source, left.start, left.end) < (right.source, right.start, right.end)
  }
}
