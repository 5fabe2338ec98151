import FoundationEssentials
import SluiceCore
import SluiceLanguage
import Testing

/// Every YAML block of the documentation says what its fence says.
///
/// ` ```yaml ` is a whole policy without a finding. ` ```yaml fragment ` is part of one: what it
/// does not declare stands in `Docs/diagnostics/base`. A file of tests stands beside the last whole
/// policy above it. Codes behind that are the errors, or the
/// warnings, that the block is meant to have. Pages of codes hold fragments only.
@Suite("Documentation")
struct DocumentationTests {
  @Test("every YAML block has the findings that its fence names", arguments: MarkdownPage.all)
  func blocks(page: MarkdownPage) throws {
    var policy = ""
    for block in page.blocks {
      let isTest = block.text.hasPrefix("sluice-test")
      if !isTest, !block.isFragment { policy = block.text }
      let bundle =
        isTest
        ? Bundle(texts: [("example.yaml", block.text), ("policy.yaml", policy)])
        : block.isFragment ? try Self.completed(block) : block.bundle
      // Pages of codes show rules of taste too.
      let checked = Language.check(
        bundle,
        in: Surroundings(today: CivilDate(year: 2026, month: 11, day: 24)),
        lints: page.isOfCode ? .everything : .standard,
        withTests: true
      )
      // What the base lacks beside the block is no matter of the block.
      let findings = checked.findings.shown.filter { $0.span.source.index == 0 }
      var found = Set(findings.filter { $0.severity == .error }.map(\.code.id))
      for finding in findings where finding.severity != .error {
        if !block.isFragment || block.codes.contains(finding.code.id) {
          found.insert(finding.code.id)
        }
      }
      if page.isOfCode, block.codes.isEmpty {
        let own = findings.filter { page.name.contains($0.code.id) && $0.code != .notServedYet }
        #expect(own.isEmpty, "\(page.name):\(block.line) is not right")
      }
      // A page of a code may show what is not served yet.
      if page.isOfCode, !block.codes.contains("SL0901") { found.remove("SL0901") }
      #expect(
        found == block.codes,
        """
        \(page.name):\(block.line): \(checked.findings.rendered(as: .human, of: checked.bundle))
        """
      )
    }
  }

  @Test("the page of tests holds the key tables of the schema")
  func testTables() throws {
    let file = Repository.root.appending(component: "Docs").appending(component: "testing.md")
    let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    try Golden.compare(Self.filled(text, Schema.tests), with: file)
  }

  @Test("the language reference holds the key tables of the schema")
  func tables() throws {
    let file = Repository.root.appending(component: "Docs").appending(component: "language.md")
    var text = Self.filled(
      String(decoding: try Data(contentsOf: file), as: UTF8.self),
      Schema.all
    )
    let start = "<!-- variables -->\n"
    if let begin = text.range(of: start)?.upperBound,
      let stop = text.range(of: "<!-- end -->\n", from: begin)?.lowerBound
    {
      text.replaceSubrange(begin..<stop, with: VariableTable.markdown)
    } else {
      Issue.record("the language reference has no table of variables")
    }
    try Golden.compare(text, with: file)
  }

  /// A page with its key tables put in.
  private static func filled(_ page: String, _ tables: [KeyTable]) -> String {
    var text = page
    for table in tables {
      let start = "<!-- keys of `\(table.path)` -->\n"
      let end = "<!-- end -->\n"
      guard let begin = text.range(of: start)?.upperBound,
        let stop = text.range(of: end, from: begin)?.lowerBound
      else {
        Issue.record("the page has no table of `\(table.path)`")
        continue
      }
      text.replaceSubrange(begin..<stop, with: markdown(table))
    }
    return text
  }

  private static func markdown(_ table: KeyTable) -> String {
    var text = "\n| key | value | default | meaning |\n|---|---|---|---|\n"
    for key in table.keys {
      let presence =
        switch key.presence {
        case .required: "**required**"
        case .otherwise(let words): words
        }
      text += "| `\(key.name)` | \(key.type) | \(presence) | \(key.meaning) |\n"
    }
    return text + "\n"
  }

  /// A fragment with the base files of those sections that it does not have.
  private static func completed(_ block: MarkdownPage.Block) throws -> Bundle {
    var findings = Findings()
    let document = YAMLReader.read(SourceID(index: 0), of: block.bundle, &findings)
    // A file of prices has a `models` of its own, and needs models that have none; one of evidence
    // has `products` of its own.
    let isPrices = document.root.mapping?["sluice-prices"] != nil
    let isEvidence = document.root.mapping?["sluice-evidence"] != nil
    let keys =
      isPrices ? [] : isEvidence ? ["evidence"] : Set(document.root.mapping?.keys ?? [])
    var texts = [("example.yaml", block.text)]
    let folder = Repository.pages.appending(component: "base")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    where name.hasSuffix(".yaml") && !keys.contains(String(name.dropLast(5))) {
      // Evidence is of a product of the base; without it, an error would keep checks from looking.
      if name == "evidence.yaml", let products = document.root.mapping?["products"]?.value.mapping,
        products["faq"] == nil
      {
        continue
      }
      let data = try Data(contentsOf: folder.appending(component: name))
      var text = String(decoding: data, as: UTF8.self)
      if isPrices, block.codes.isEmpty {
        text.replace(#/, price: \{[^}]*\}/#, with: "")
      }
      texts.append(("base/\(name)", text))
    }
    return Bundle(texts: texts)
  }
}

/// A page of the documentation and its YAML blocks.
struct MarkdownPage: CustomTestStringConvertible, Sendable {
  struct Block: Sendable {
    var text: String
    /// Of the fence.
    var line: Int
    var isFragment: Bool
    var codes: Set<String>

    var bundle: Bundle { Bundle(texts: [("example.yaml", text)]) }
  }

  let name: String
  let text: String
  /// Whether it is the page of a code.
  var isOfCode: Bool { name.contains("diagnostics/SL") }
  var testDescription: String { name }

  /// README, ARCHITECTURE, everything below Docs, and the README of each bundle.
  static var all: [MarkdownPage] {
    var pages: [MarkdownPage] = []
    for name in ["README.md", "ARCHITECTURE.md"] { pages += page(name) }
    walk("Docs", &pages) { $0.hasSuffix(".md") }
    walk("policies", &pages) { $0 == "README.md" }
    return pages.filter { !$0.blocks.isEmpty }
  }

  private static func walk(
    _ path: String,
    _ pages: inout [MarkdownPage],
    _ isPage: (String) -> Bool
  ) {
    let folder = Repository.root.appending(path: path)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names.sorted() where !name.hasPrefix(".") {
      if isPage(name) {
        pages += page("\(path)/\(name)")
      } else if !name.contains(".") {
        walk("\(path)/\(name)", &pages, isPage)
      }
    }
  }

  private static func page(_ path: String) -> [MarkdownPage] {
    let file = Repository.root.appending(path: path)
    guard let data = try? Data(contentsOf: file) else { return [] }
    return [MarkdownPage(name: path, text: String(decoding: data, as: UTF8.self))]
  }

  var blocks: [Block] {
    var blocks: [Block] = []
    var open: Block?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if let block = open, line.hasPrefix("```") {
        blocks.append(block)
        open = nil
      } else if line == "```yaml" || line.hasPrefix("```yaml ") {
        let words = line.split(separator: " ").dropFirst().map(String.init)
        open = Block(
          text: "",
          line: index + 1,
          isFragment: isOfCode || words.contains("fragment"),
          codes: Set(words.filter { $0.hasPrefix("SL") })
        )
      } else {
        open?.text += line + "\n"
      }
    }
    return blocks
  }
}

extension String {
  /// The first occurrence of a text at or behind an index.
  fileprivate func range(of text: String, from start: Index? = nil) -> Range<Index>? {
    var index = start ?? startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) {
        return index..<self.index(index, offsetBy: text.count)
      }
      index = self.index(after: index)
    }
    return nil
  }
}
