/// A page of Markdown, as far as the rules look at it.
struct Document {
  let path: String
  /// Without fenced blocks.
  private let prose: [Substring]

  init(_ path: String) throws {
    self.path = path
    var isFenced = false
    prose = try SourceTree.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
      .filter { line in
        if line.drop(while: { $0 == " " }).hasPrefix("```") {
          isFenced.toggle()
          return false
        }
        return !isFenced
      }
  }

  /// The targets of the links: `b` of `[a](b)`.
  var links: [String] {
    prose.joined(separator: "\n").split(separator: "](").dropFirst()
      .map { rest in
        String(rest.prefix { $0 != ")" && $0 != " " })
      }
  }

  /// What stands between back-quotes.
  var codeSpans: [String] {
    prose.flatMap { line in
      line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        .filter { !$0.offset.isMultiple(of: 2) && !$0.element.isEmpty }
        .map { String($0.element) }
    }
  }

  /// The anchors of the headings, as forges make them.
  var anchors: [String] {
    prose.filter { $0.hasPrefix("#") }
      .map { heading in
        heading.drop { $0 == "#" || $0 == " " }.lowercased()
          .compactMap { letter -> String? in
            if letter == " " { return "-" }
            return letter.isLetter || letter.isNumber || letter == "-" || letter == "_"
              ? String(letter) : nil
          }
          .joined()
      }
  }

  /// The path, from the root of the tree, of what a link of this page names.
  func resolve(_ link: String) -> String {
    var parts = path.split(separator: "/").dropLast().map(String.init)
    for part in link.split(separator: "/").map(String.init) {
      switch part {
      case ".": continue
      case "..": if !parts.isEmpty { parts.removeLast() }
      default: parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}
