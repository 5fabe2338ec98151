import Testing

/// Every file says what it is for.
@Suite("Comments")
struct CommentTests {
  private static let declarations: Set<String> = [
    "struct", "class", "enum", "actor", "protocol", "func", "let", "var", "typealias",
  ]

  @Test("a file begins with a comment, or its first declaration has one")
  func first() {
    var bare: [String] = []
    for file in SourceTree.sources {
      let lines = file.lines
      let declaration = lines.firstIndex { line in
        guard let first = line.first, first.isLetter, !line.contains("import ") else {
          return false
        }
        let words = line.split { !$0.isLetter }.map(String.init)
        return words.contains { Self.declarations.contains($0) || $0 == "extension" }
      }
      let before = declaration.map { lines[..<$0] } ?? lines[...]
      if before.contains(where: { $0.hasPrefix("//") }) { continue }
      // An extension that says nothing itself has members that do.
      guard let declaration, lines[declaration].contains("extension "),
        lines[declaration...].contains(where: { $0.hasPrefix("  ///") })
      else {
        bare.append(file.path)
        continue
      }
    }
    #expect(bare == [])
  }

  @Test("a test is named as a fact")
  func facts() {
    var bare: [String] = []
    for file in SourceTree.tests {
      for (index, line) in file.lines.enumerated() {
        let text = line.drop { $0 == " " }
        if text == "@Test" || text.hasPrefix("@Test func") {
          bare.append("\(file.path):\(index + 1)")
        }
      }
    }
    #expect(bare == [])
  }
}
