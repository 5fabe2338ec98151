import Foundation

/// The package as it lies on disk: what the rules of the house are read from.
enum SourceTree {
  /// The folder of `Package.swift`; links are followed, so that a linked test folder finds it too.
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of the targets, in the order of their paths.
  static let sources = swiftFiles(below: "Sources")
  /// Every Swift file of the tests.
  static let tests = swiftFiles(below: "Tests")

  static func text(of path: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// The paths of the files below `folder` with one of these endings; hidden folders are left out.
  static func paths(below folder: String, ending endings: String...) -> [String] {
    let base = root.appending(path: folder)
    guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
    var paths: [String] = []
    for case let name as String in walk
    where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
      if endings.contains(where: name.hasSuffix) { paths.append("\(folder)/\(name)") }
    }
    return paths.sorted()
  }

  private static func swiftFiles(below folder: String) -> [SourceFile] {
    paths(below: folder, ending: ".swift")
      .map { path in
        do {
          return SourceFile(path: path, text: try text(of: path))
        } catch {
          preconditionFailure("\(path) cannot be read: \(error)")
        }
      }
  }
}

/// One Swift file: its text, and its tokens without comments and string literals.
struct SourceFile: Sendable, CustomStringConvertible {
  let path: String
  let lines: [Substring]
  let tokens: [SourceToken]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    tokens = SourceScanner.tokens(of: text)
  }

  var description: String { path }

  /// `SluiceCore` of `Sources/SluiceCore/Bounds.swift`.
  var target: String { String(path.split(separator: "/")[1]) }

  var name: String { String(path.split(separator: "/").last ?? "") }

  /// The modules that the file imports.
  var imports: [String] {
    tokens.indices.dropLast()
      .compactMap { index in
        tokens[index].text == "import" ? tokens[index + 1].text : nil
      }
  }

  /// The lines at which these tokens stand in a row.
  func places(of sequence: [String]) -> [Int] {
    guard let first = sequence.first else { return [] }
    return tokens.indices.compactMap { index in
      guard tokens[index].text == first, index + sequence.count <= tokens.count else { return nil }
      let matches = zip(tokens[index...], sequence).allSatisfy { $0.text == $1 }
      return matches ? tokens[index].line : nil
    }
  }
}

/// A word, a number or a single sign of Swift, with the line it stands on.
struct SourceToken: Sendable {
  let text: String
  let line: Int
}
