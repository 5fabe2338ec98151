import Foundation
import SluiceCore
import SluiceLanguage
import SluicePolicy
import Testing

@testable import SluiceGateway

@Suite("sluice calibrate")
struct CalibrateCommandTests {
  private static let today = CivilDate(year: 2026, month: 11, day: 24)

  private func command(_ text: String, isShadow: Bool = false) throws -> (CalibrateCommand, URL) {
    let folder = FileManager.default.temporaryDirectory
      .appending(component: "calibrate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(component: "judged.jsonl")
    try Data(text.utf8).write(to: file)
    let command = CalibrateCommand(
      isShadow ? .shadow(file.path) : .pairs(file.path),
      environment: ProcessInfo.processInfo.environment
    )
    return (command, folder)
  }

  private static func hits(_ count: Int, _ score: Double, _ product: String = "support") -> String {
    let line = "{\"product\": \"\(product)\", \"score\": \(score), \"same\": true}\n"
    return String(repeating: line, count: count)
  }

  private static func wrong(_ count: Int, _ score: Double, _ product: String = "support") -> String
  {
    hits(count, score, product).replacing("true", with: "false")
  }

  @Test("pairs are judged by the gateway's own rule, each once, kept and asked")
  func pairs() throws {
    let (command, folder) = try command(
      """
      {"product": "support", "a": "How do I reset my password?", "b": "how do I reset my password", "same": true}
      {"product": "support", "a": "how do I reset my password", "b": "How do I reset my password?", "same": true}
      {"product": "support", "a": "Cancel my order", "b": "Do not cancel my order", "same": false}
      {"product": "support", "a": "Cancel my order", "b": "Cancel my order", "same": true}
      {"product": "support", "a": "…", "b": "Cancel my order", "same": false}
      {"product": "other", "a": "What is your name?", "b": "What's your name?", "label": 1, "kind": "x"}

      """
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    var json = command
    json.format = .json
    let answer = json.run(on: Self.today)
    #expect(answer.status == .errors)
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
    )
    let products = try #require(read["products"] as? [[String: Any]])
    #expect(products.map { $0["product"] as? String } == ["other", "support"])
    #expect(products.map { $0["judged"] as? Int } == [1, 2])
    let last = try #require((products[1]["points"] as? [[String: Any]])?.last)
    // The negation is accepted at no bar.
    #expect(last["accepted"] as? Int == 1 && last["wrong"] as? Int == 0)
    #expect(products[1]["bar"] is NSNull)
    #expect(answer.notes.contains("1 of 6 pairs stand there again"))
    #expect(answer.notes.contains("1 of 6 pairs are equal texts"))
    #expect(answer.notes.contains("1 of 6 pairs have a text that is never compared"))
    #expect(
      answer.notes.contains(
        "a bound of 1% needs 299 accepted pairs with none wrong, 473 with 1, 628 with 2;"
          + " product support has 1\n"
      )
    )
  }

  @Test("what it writes is a file of evidence that supports the bar that it picked")
  func file() throws {
    let text = Self.hits(320, 0.955) + Self.hits(330, 0.905) + Self.wrong(30, 0.855)
    var (command, folder) = try command(text, isShadow: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = folder.appending(component: "evidence.yaml").path
    command.output = output
    let answer = command.run(on: Self.today)
    #expect(answer.status == .success, "\(answer.notes)")
    #expect(answer.output.contains("0.86       650      0  0.46%  <- lowest that keeps to it\n"))
    #expect(!answer.output.contains("\u{1B}"))
    let yaml = String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self)
    #expect(yaml.contains("    measured: 2026-11-24\n    source: shadow\n    points:\n"))
    #expect(yaml.contains("      - { bar: 0.85, accepted: 680, wrong: 30 }\n"))
    let policy = """
      sluice: v1
      upstreams: { sim: { api: simulated } }
      models: { small: { upstream: sim, context: 16k, max_output: 4k, price: free } }
      targets: { fast: [small] }
      routes: [{ name: rest, to: fast }]
      products:
        support: { cache: { scope: product, ttl: 1h, semantic: { max_wrong: 1% } } }
      """
    let checked = Language.check(
      Bundle(texts: [("policy.yaml", policy), ("evidence.yaml", yaml)]),
      in: Surroundings(today: Self.today)
    )
    #expect(checked.findings.isEmpty)
    #expect(checked.policy?.products.first?.cache?.semantic?.bar == 0.86)
    command.style.hasColor = true
    #expect(command.run(on: Self.today).output.contains("\u{1B}[32m0.86"))
  }

  @Test("a product that is too thin is refused, the others are written; none, and no file is")
  func refused() throws {
    let text = Self.hits(320, 0.955) + Self.hits(100, 0.955, "thin") + Self.wrong(400, 0.9, "bad")
    var (command, folder) = try command(text, isShadow: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = folder.appending(component: "evidence.yaml").path
    command.output = output
    let answer = command.run(on: Self.today)
    #expect(answer.status == .errors)
    #expect(answer.notes.contains("product thin has 100\n"))
    #expect(answer.notes.contains("product bad keeps to 1% at no bar: at 0.90"))
    #expect(answer.notes.contains("evidence for 1 of 3 products"))
    let yaml = String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self)
    #expect(yaml.contains("support:") && !yaml.contains("thin:") && !yaml.contains("bad:"))
    command.products = ["thin", "absent"]
    command.output = output + "2"
    let none = command.run(on: Self.today)
    #expect(none.notes.contains("product absent has 0\n"))
    #expect(none.notes.contains("nothing was written"))
    #expect(!FileManager.default.fileExists(atPath: output + "2"))
    // A looser share is kept to.
    command.maxWrong = "5%"
    command.products = ["thin"]
    #expect(command.run(on: Self.today).status == .success)
  }

  @Test(
    "a line that cannot be read is named",
    arguments: [
      ("{\"a\": \"x\", \"b\": \"y\", \"same\": true}", "line 1: it names no `product`"),
      ("{\"product\": \"p\", \"a\": \"x\", \"same\": true}", "line 1: `b` must be"),
      ("\n{\"product\": \"p\", \"a\": \"x\", \"b\": \"y\"}", "line 2: `same` must be"),
      ("nothing", "line 1 is no JSON"), ("", "nothing judged"),
    ]
  )
  func lines(text: String, words: String) throws {
    let (command, folder) = try command(text)
    defer { try? FileManager.default.removeItem(at: folder) }
    let answer = command.run(on: Self.today)
    #expect(answer.status == .errors && answer.notes.contains(words), "\(answer.notes)")
  }

  @Test("hits of another encoder or rule are left out; a share that is none is wrong usage")
  func foreign() throws {
    let other = "{\"product\": \"support\", \"score\": 0.9, \"same\": false, \"rule\": 999}\n"
    let text =
      Self.hits(320, 0.955) + other + other.replacing("\"rule\": 999", with: "\"encoder\": \"0\"")
    var (command, folder) = try command(text, isShadow: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let answer = command.run(on: Self.today)
    #expect(answer.status == .success)
    #expect(answer.notes.contains("2 hits are of another encoder or rule"))
    command.maxWrong = "lots"
    #expect(command.run(on: Self.today).status == .usage)
  }
}
