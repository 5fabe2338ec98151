import Testing

/// Every bound of the gateway has its name in one file, and binds something.
@Suite("Bounds")
struct BoundsTests {
  @Test("every bound is used outside its file")
  func used() throws {
    let file = try #require(
      SourceTree.sources.first { $0.path == "Sources/SluiceCore/Bounds.swift" }
    )
    let names = file.tokens.indices.dropLast()
      .compactMap { index in
        file.tokens[index].text == "let" ? file.tokens[index + 1].text : nil
      }
    #expect(names.count > 40)
    var used: Set<String> = []
    for other in SourceTree.sources where other.path != file.path {
      for index in other.tokens.indices.dropLast(2)
      where other.tokens[index].text == "Bounds" && other.tokens[index + 1].text == "." {
        used.insert(other.tokens[index + 2].text)
      }
    }
    #expect(names.filter { !used.contains($0) } == [])
  }

  @Test("every bound says what it binds")
  func explained() throws {
    let file = try #require(
      SourceTree.sources.first { $0.path == "Sources/SluiceCore/Bounds.swift" }
    )
    var bare: [Substring] = []
    for (index, line) in file.lines.enumerated() where line.contains("static let ") {
      let above = file.lines[index - 1]
      // A bound may share the comment of the one above it.
      if !above.contains("///"), !above.contains("static let ") { bare.append(line) }
    }
    #expect(bare == [])
  }
}
