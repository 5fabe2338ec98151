import Testing

/// The documents name what is there.
@Suite("Documents")
struct DocumentTests {
  static let pages =
    ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].filter(SourceTree.exists)
    + SourceTree.paths(below: "Docs", ending: ".md")
    + SourceTree.paths(below: "policies", ending: ".md")

  @Test("every link leads somewhere", arguments: pages)
  func links(page: String) throws {
    let document = try Document(page)
    for link in document.links where !link.contains("://") && !link.hasPrefix("mailto:") {
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let path = parts[0].isEmpty ? page : document.resolve(String(parts[0]))
      #expect(SourceTree.exists(path), "\(page) links to \(link)")
      if parts.count == 2, path.hasSuffix(".md"), SourceTree.exists(path) {
        let anchors = try Document(path).anchors
        #expect(anchors.contains(String(parts[1])), "\(page) links to \(link)")
      }
    }
  }

  @Test("every path in the text is one of the tree", arguments: pages)
  func paths(page: String) throws {
    let roots = ["Sources/", "Tests/", "Docs/", "policies/", "scripts/", "Benchmarks/"]
    for code in try Document(page).codeSpans {
      guard roots.contains(where: code.hasPrefix), !code.contains("*"), !code.contains("…"),
        !code.contains("<"), !code.contains("{"), !code.contains("SLxxxx"), !code.contains("NAME")
      else { continue }
      let path = code.split(separator: ":")[0].split(separator: " ")[0]
      #expect(SourceTree.exists(String(path)), "\(page) names \(code)")
    }
  }

  @Test("every Swift file in the text is one of the tree", arguments: pages)
  func files(page: String) throws {
    let names = Set((SourceTree.sources + SourceTree.tests).map(\.name))
    for code in try Document(page).codeSpans where code.hasSuffix(".swift") {
      let name = code.split(separator: "/").last.map(String.init) ?? code
      guard !name.contains("…"), !name.contains("NAME") else { continue }
      #expect(names.contains(name) || name == "Package.swift", "\(page) names \(code)")
    }
  }

  @Test("every page is reached from the README or the index")
  func reached() throws {
    var reached: Set<String> = ["README.md"]
    var waiting = ["README.md"]
    while let page = waiting.popLast() {
      let document = try Document(page)
      for link in document.links where !link.contains("://") {
        let path = document.resolve(String(link.prefix { $0 != "#" }))
        if path.hasSuffix(".md"), SourceTree.exists(path), reached.insert(path).inserted {
          waiting.append(path)
        }
      }
    }
    #expect(Self.pages.filter { !reached.contains($0) } == [])
  }
}

/// Every stage has a page that names its exits.
@Suite("Pages of stages")
struct StagePageTests {
  /// A stage is a folder; `store` is a second node of the cache's.
  static let stages = Set(
    SourceTree.sources.filter { $0.target == "SluiceStages" }
      .map { $0.path.split(separator: "/")[2] }
  )
  .map(String.init).sorted()

  @Test("every page of a stage has its folder")
  func folders() {
    let pages = SourceTree.paths(below: "Docs/stages", ending: ".md")
    #expect(pages == Self.stages.map { "Docs/stages/\($0.lowercased()).md" })
  }

  @Test("a page says what is decided, by what settings, and what comes of it", arguments: stages)
  func sections(stage: String) throws {
    let page = "Docs/stages/\(stage.lowercased()).md"
    let text = try SourceTree.text(of: page)
    for section in ["What it decides", "Settings", "Exits", "Headers and metrics"] {
      #expect(text.contains("\n## \(section)\n"), "\(page) lacks \(section)")
    }
    #expect(text.contains("`Sources/SluiceStages/\(stage)`"), "\(page) names its code")
    #expect(text.contains("\n```yaml\n"), "\(page) shows a policy")
  }

  @Test("a page names every exit", arguments: stages)
  func exits(stage: String) throws {
    let text = try SourceTree.text(of: "Docs/stages/\(stage.lowercased()).md")
    for file in SourceTree.sources where file.path.hasPrefix("Sources/SluiceStages/\(stage)/") {
      for exit in Self.exits(of: file) {
        #expect(text.contains("`\(exit)`"), "\(file.path) has the exit \(exit)")
      }
    }
  }

  /// The cases of the enums that are `StageExit`, as trails spell them.
  private static func exits(of file: SourceFile) -> [String] {
    var exits: [String] = []
    for start in file.places(of: [":", "Int", ",", "StageExit", "{"]) {
      var isInside = false
      for token in file.tokens.drop(while: { $0.line < start }) {
        if token.text == "{" { isInside = true }
        if token.text == "}" { break }
        if isInside, !["{", "case", ","].contains(token.text) {
          exits.append(
            token.text.reduce(into: "") { name, letter in
              if letter.isUppercase { name += "_" }
              name += letter.lowercased()
            }
          )
        }
      }
    }
    return exits
  }
}

/// The page of metrics is the list in the source.
@Suite("Metrics in the documents")
struct MetricTests {
  @Test("every one stands on its page as the source has it")
  func documented() throws {
    let page = try SourceTree.text(of: "Docs/metrics.md")
    let source = try SourceTree.text(of: "Sources/SluiceTelemetry/Meters/Metrics.swift")
    let families = source.split(separator: "Family(").dropFirst().map { $0.prefix { $0 != ")" } }
    var count = 0
    for family in families {
      // `counter: "NAME", help: "TEXT", labels: ["A", "B"], …`
      let parts = family.replacing("\\\"", with: "\u{1}").split(separator: "\"")
      guard parts.count >= 4 else { continue }
      let kind = parts[0].split { !$0.isLetter }.joined()
      let help = parts[3].replacing("\u{1}", with: "\"")
      var labels: [Substring] = []
      if parts.count > 4, parts[4].contains("labels: [") {
        labels = parts[5...].enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
      }
      let names = labels.isEmpty ? "none" : labels.map { "`\($0)`" }.joined(separator: ", ")
      #expect(page.contains("| `\(parts[1])` | \(kind) | \(names) | \(help) |"))
      count += 1
    }
    #expect(count == page.split(separator: "\n").count { $0.hasPrefix("| `") })
    #expect(count > 15)
  }
}

/// A newcomer can follow the main path.
@Suite("The reading order")
struct ReadingOrderTests {
  @Test("is seven files that can be read in an hour")
  func sevenFiles() throws {
    let text = try SourceTree.text(of: "ARCHITECTURE.md")
    let lines = text.split(separator: "\n").drop { $0 != "## Reading order" }.dropFirst()
      .prefix { !$0.hasPrefix("## ") }
    let names = lines.compactMap { line -> Substring? in
      guard line.first?.isNumber == true else { return nil }
      return line.split(separator: "`").dropFirst().first
    }
    #expect(names.count == 7)
    let files = names.compactMap { name in SourceTree.sources.first { $0.name == name } }
    #expect(files.map(\.name) == names.map(String.init))
    #expect(files.reduce(0) { $0 + $1.lines.count } < 1_200)
  }
}
