import Testing

/// Numbers to look at, not limits.
@Suite("Sizes")
struct SizeTests {
  struct Length: Comparable {
    var lines: Int
    var name: String
    static func < (left: Length, right: Length) -> Bool {
      (left.lines, right.name) < (right.lines, left.name)
    }
  }

  @Test("are told, the longest ten of files and functions")
  func report() {
    let files = SourceTree.sources.map { Length(lines: $0.lines.count, name: $0.path) }
    let functions = SourceTree.sources.flatMap(Self.functions)
    #expect(files.count > 100)
    #expect(functions.count > 500)
    Self.tell("files", files)
    Self.tell("functions", functions)
  }

  private static func tell(_ what: String, _ lengths: [Length]) {
    let sorted = lengths.sorted(by: >)
    var lines = ["\(what): \(sorted.count), median \(sorted[sorted.count / 2].lines) lines"]
    lines += sorted.prefix(10).map { "  \($0.lines)  \($0.name)" }
    print(lines.joined(separator: "\n"))
  }

  /// The functions and initialisers of a file that have a body, from `func` to its last brace.
  static func functions(of file: SourceFile) -> [Length] {
    let tokens = file.tokens
    var found: [Length] = []
    for start in tokens.indices where isStart(of: tokens, at: start) {
      guard let open = body(of: tokens, from: start + 1) else { continue }
      var depth = 0
      for index in open..<tokens.count {
        if tokens[index].text == "{" { depth += 1 }
        if tokens[index].text == "}" { depth -= 1 }
        if depth == 0 {
          found.append(
            Length(
              lines: tokens[index].line - tokens[start].line + 1,
              name: "\(file.path):\(tokens[start].line)"
            )
          )
          break
        }
      }
    }
    return found
  }

  private static func isStart(of tokens: [SourceToken], at index: Int) -> Bool {
    if tokens[index].text == "func" { return true }
    guard tokens[index].text == "init", index + 1 < tokens.count else { return false }
    let before = index > 0 ? tokens[index - 1].text : ""
    return before != "." && ["(", "?", "<"].contains(tokens[index + 1].text)
  }

  /// Where the body opens; `nil` for a requirement of a protocol.
  private static func body(of tokens: [SourceToken], from start: Int) -> Int? {
    let others: Set<String> = ["func", "var", "let", "init", "case", "}", "package", "static"]
    var depth = 0
    for index in start..<tokens.count {
      switch tokens[index].text {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case "{" where depth == 0: return index
      case let text where depth == 0 && others.contains(text): return nil
      default: continue
      }
    }
    return nil
  }
}
