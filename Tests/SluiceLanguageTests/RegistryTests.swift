import FoundationEssentials
import SluiceLanguage
import Testing

/// Registry, catalogue, pages and the embedded copy of the pages agree.
@Suite("Registry of codes")
struct RegistryTests {
  @Test("ids are SL and four digits, and lead back to their code")
  func ids() {
    for code in DiagnosticCode.allCases {
      #expect(code.id.utf8.count == 6)
      #expect(DiagnosticCode(id: code.id) == code)
      #expect(DiagnosticCode(id: code.id.lowercased()) == code)
    }
    #expect(DiagnosticCode(id: "SL9999") == nil)
    #expect(DiagnosticCode(id: "0001") == nil)
    #expect(DiagnosticCode.duplicateKey.id == "SL0001")
    #expect(DiagnosticCode.yaml11Boolean.name == "yaml11-boolean")
    #expect(DiagnosticCode.badURL.name == "bad-url")
  }

  @Test("every code has its constructor in the catalogue, and only there")
  func catalogue() throws {
    var text = ""
    for folder in ["Diagnostics", "Check"] {
      let folder = Repository.language.appending(component: folder)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
      where name.hasPrefix("Diagnostic+") || folder.lastPathComponent == "Check" {
        let data = try Data(contentsOf: folder.appending(component: name))
        text += String(decoding: data, as: UTF8.self)
      }
    }
    for code in DiagnosticCode.allCases {
      let uses =
        text.split(separator: "\n").count { $0.hasSuffix(" .\(code),") }
        + text.split(separator: "\n").count { $0.contains("Diagnostic(.\(code), ") }
      #expect(uses == 1, "\(code.id) \(code)")
    }
  }

  @Test("every code has its page, and every page its code")
  func pages() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Repository.pages.path)
    let pages = Set(names.filter { $0.hasPrefix("SL") })
    #expect(pages == Set(DiagnosticCode.allCases.map { "\($0.id).md" }))
  }

  @Test("a page shows what is wrong, what is right, and why", arguments: DiagnosticCode.allCases)
  func shape(code: DiagnosticCode) throws {
    let page = try DocumentedPage(of: code)
    #expect(page.text.hasPrefix("# \(code.id) \(code.name)\n"))
    #expect(page.text.contains("\n## Right\n"))
    #expect(page.text.contains("\n## Why\n"))
    #expect(page.examples.contains { $0.fails == nil })
    for example in page.examples { #expect(example.fails == nil || example.fails == code.id) }
  }

  @Test("what explain prints is the page", arguments: DiagnosticCode.allCases)
  func embedded(code: DiagnosticCode) throws {
    let isRecording = ProcessInfo.processInfo.environment["SLUICE_RECORD"] == "1"
    if !isRecording { #expect(try DocumentedPage(of: code).text == Explain.page(for: code)) }
  }

  @Test("the embedded pages are the ones in Docs")
  func embedding() throws {
    var text = """
      // swift-format-ignore-file
      // Written by RegistryTests under SLUICE_RECORD=1 from Docs/diagnostics; edit the pages there.

      extension Explain {
        static let pages: [Int: String] = [

      """
    for code in DiagnosticCode.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
      let page = try DocumentedPage(of: code).text
      let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
      text += "    \(code.rawValue): ###\"\"\"\n"
      for line in lines { text += line.isEmpty ? "\n" : "      \(line)\n" }
      text += "      \"\"\"###,\n"
    }
    text += "  ]\n}\n"
    let file = Repository.language.appending(component: "Explain")
      .appending(component: "ExplainPages.swift")
    try Golden.compare(text, with: file)
  }

  @Test("the index lists every code")
  func index() throws {
    var text = """
      # Codes

      | code | name | what it says |
      |---|---|---|

      """
    for code in DiagnosticCode.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
      let summary = try DocumentedPage(of: code).summary
      text += "| [\(code.id)](\(code.id).md) | \(code.name) | \(summary) |\n"
    }
    try Golden.compare(text, with: Repository.pages.appending(component: "INDEX.md"))
  }

  @Test("examples of codes of the text fail or pass as their page says")
  func examples() throws {
    for code in DiagnosticCode.allCases where code.rawValue < 100 {
      for example in try DocumentedPage(of: code).examples {
        let bundle = Bundle(texts: [("example.yaml", example.text)])
        var findings = Findings()
        _ = YAMLReader.read(bundle, &findings)
        let found = findings.shown.map(\.code.id)
        let expected = Self.boundCodes.contains(code) ? [] : example.fails.map { [$0] } ?? []
        #expect(found == expected, "\(code.id): \(example.text)")
      }
    }
  }

  @Test("right examples of all other codes are well-formed")
  func rightExamples() throws {
    for code in DiagnosticCode.allCases where code.rawValue >= 100 {
      for example in try DocumentedPage(of: code).examples {
        let bundle = Bundle(texts: [("example.yaml", example.text)])
        var findings = Findings()
        _ = YAMLReader.read(bundle, &findings)
        #expect(findings.isEmpty, "\(code.id): \(findings.rendered(as: .short, of: bundle))")
      }
    }
  }

  /// Found by the binder, not by the reader.
  private static let boundCodes: Set<DiagnosticCode> = [
    .unknownKey, .yaml11Boolean, .ambiguousNumber, .durationWithoutUnit, .missingKind, .unknownKind,
    .badAllow, .unusedAllow, .allowOfError,
  ]
}

/// A page under `Docs/diagnostics`, and the YAML that stands in it.
struct DocumentedPage {
  struct Example {
    var text: String
    /// The code that its fence names.
    var fails: String?
  }

  let text: String
  var examples: [Example] {
    var examples: [Example] = []
    var open: Example?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```"), let example = open {
        examples.append(example)
        open = nil
      } else if line.hasPrefix("```yaml") {
        let words = line.split(separator: " ")
        open = Example(text: "", fails: words.count > 1 ? String(words[1]) : nil)
      } else if open != nil {
        open?.text += line + "\n"
      }
    }
    return examples
  }

  /// The first paragraph.
  var summary: String {
    let lines = text.split(separator: "\n")
    return lines.count > 1 ? String(lines[1]) : ""
  }

  init(of code: DiagnosticCode) throws {
    let file = Repository.pages.appending(component: "\(code.id).md")
    text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
  }
}
