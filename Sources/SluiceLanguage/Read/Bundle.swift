package import SluiceCore

/// The files of a policy, in memory; what every span of its findings points into.
///
/// ``BundleReader`` makes one of folders and files; tests make one of texts. More may be added
/// later, such as a command line flag that overrides a value and must be pointed at.
package struct Bundle: Sendable {
  package private(set) var files: [SourceText] = []

  package init() {}

  /// A bundle of texts; files keep the order given.
  package init(files: [(path: String, bytes: [UInt8])]) {
    self.files = files.map { SourceText(path: $0.path, bytes: $0.bytes) }
  }

  /// A bundle of texts; files keep the order given.
  package init(texts: [(path: String, text: String)]) {
    self.init(files: texts.map { ($0.path, Array($0.text.utf8)) })
  }

  /// Adds a file and says how spans name it.
  @discardableResult
  package mutating func add(_ source: SourceText) -> SourceID {
    files.append(source)
    return SourceID(index: files.count - 1)
  }

  /// The bundle with other bytes in one file.
  package func replacing(_ source: SourceID, with bytes: [UInt8]) -> Bundle {
    var bundle = self
    bundle.files[source.index] = SourceText(path: self[source].path, bytes: bytes)
    return bundle
  }

  package var sources: [SourceID] { files.indices.map(SourceID.init(index:)) }

  package subscript(source: SourceID) -> SourceText { files[source.index] }

  /// The text that a span covers.
  package func text(of span: SourceSpan) -> String { self[span.source].text(in: span.range) }

  /// Where a span begins, as it survives compilation.
  package func place(of span: SourceSpan) -> SourcePlace {
    let source = self[span.source]
    let position = source.position(at: span.start)
    return SourcePlace(file: source.path, line: position.line, column: position.column)
  }
}
