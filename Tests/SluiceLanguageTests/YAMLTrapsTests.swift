import SluiceLanguage
import Testing

@Suite("YAML traps")
struct YAMLTrapsTests {
  private func finding(_ text: String, wanting wanted: YAMLTraps.Wanted) throws -> Diagnostic? {
    let scalar = try #require(MarkedText("k: \(text)").read().document.root.at("k")?.scalar)
    return YAMLTraps.finding(for: scalar, wanting: wanted)
  }

  @Test(
    "a boolean of YAML 1.1 is an error where one is wanted, else a warning",
    arguments: ["on", "Off", "yes", "NO", "y", "n"]
  )
  func booleans(text: String) throws {
    let strict = try #require(try finding(text, wanting: .boolean))
    #expect(strict.code == .yaml11Boolean)
    #expect(strict.severity == .error)
    #expect(["true", "false"].contains(strict.fix[0].replacement))
    let lax = try #require(try finding(text, wanting: .text))
    #expect(lax.severity == .warning)
    #expect(lax.fix[0].replacement == "\"\(text)\"")
  }

  @Test(
    "a number that others read otherwise is told, with what to write",
    arguments: [
      ("1:30", "`90s`"), ("22:22", "`1342s`"), ("12:30:45", "`45045s`"), ("017", "`17`"),
      ("0o17", "`15`"), ("0b101", "`5`"), ("1_000", "`1000`"), (".5", "`0.5`"), ("5.", "`5`"),
      ("2024-01-01", "the date"), ("-017", "`17`"), ("089", "`89`"),
      ("2024-01-01T10:00:00Z", "the date"),
    ]
  )
  func numbers(text: String, instead: String) throws {
    let found = try #require(try finding(text, wanting: .number))
    #expect(found.code == .ambiguousNumber)
    #expect(found.severity == .warning)
    #expect(found.help?.hasPrefix("write \(instead)") == true, "\(found.help ?? "")")
  }

  @Test(
    "what all readers agree on is no trap",
    arguments: [
      "'on'", "\"1:30\"", "true", "False", "0", "10", "0.5", "1.25", "16k", "16Ki", "100/m",
      "$0.50/M",
      "6h", "80%", "127.0.0.1:8080", "10.0.0.0/8", "gpt-4", "localhost:80", "1:99", "a:b", "...",
      "2024", "1-2-3", "1e3",
    ]
  )
  func harmless(text: String) throws {
    #expect(try finding(text, wanting: .text) == nil)
  }

  @Test(
    "an expression that a comment has cut shows its quoted form",
    arguments: [
      ("k: a == \"x #1\"", "'a == \"x #1\"'"), ("k: f(a #b)", "'f(a #b)'"),
      ("k: a == 'x' # why", nil),
      ("k: a", nil),
    ] as [(String, String?)]
  )
  func comments(text: String, quoted: String?) throws {
    let marked = MarkedText(text)
    let scalar = try #require(marked.read().document.root.at("k")?.scalar)
    let found = YAMLTraps.commentInside(scalar, in: marked.bundle.files[0])
    #expect(found?.fix.first?.replacement == quoted)
    #expect(found?.code == (quoted == nil ? nil : .expressionSplit))
  }
}
