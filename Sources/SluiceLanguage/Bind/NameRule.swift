import SluiceCore

/// What a name of a section may look like.
enum NameRule {
  /// Part of an expression: `features.NAME`.
  case identifier
  /// What a client may write into `model`, beside `auto`.
  case clientName
  /// What stands in a header of a reply.
  case header
  /// Anything printable that is no trouble in a metric or a command.
  case plain

  static func of(_ section: Section) -> NameRule {
    switch section {
    case .features: .identifier
    case .models, .targets: .clientName
    case .routes: .header
    case .server, .identity, .upstreams, .tiers, .products, .limits, .budgets, .killSwitches:
      .plain
    }
  }

  /// Why a name cannot be used; nil if it can.
  func objection(to name: String) -> String? {
    guard !name.isEmpty else { return "it is empty" }
    guard name.utf8.count <= Bounds.policyNameBytes else {
      return "it is longer than \(Bounds.policyNameBytes) bytes"
    }
    switch self {
    case .identifier:
      guard name.utf8.enumerated().allSatisfy({ Self.isIdentifier($1, isFirst: $0 == 0) }) else {
        return "expressions read it as `features.\(name)`, so it is letters, digits and `_`"
      }
      guard !Self.reserved.contains(name) else { return "the word is reserved in expressions" }
    case .clientName:
      guard !["auto", "requested"].contains(name) else { return "the word has its own meaning" }
      return Self.headerObjection(to: name)
    case .header: return Self.headerObjection(to: name)
    case .plain: return Self.plainObjection(to: name)
    }
    return nil
  }

  private static func headerObjection(to name: String) -> String? {
    name.utf8.allSatisfy { $0 < 0x80 }
      ? plainObjection(to: name) : "it stands in headers of replies, which are ASCII"
  }

  private static func plainObjection(to name: String) -> String? {
    let isPlain = name.unicodeScalars.allSatisfy { scalar in
      scalar.value > 0x20 && scalar.value != 0x7f && !scalar.properties.isWhitespace
        && scalar.properties.generalCategory != .control && !Self.quotes.contains(scalar)
    }
    return isPlain ? nil : "it holds a blank, a quote, a backslash or a control character"
  }

  private static let quotes: Set<Unicode.Scalar> = ["\"", "'", "\\", "`"]

  private static func isIdentifier(_ byte: UInt8, isFirst: Bool) -> Bool {
    let letter = byte | 0x20
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) || byte == UInt8(ascii: "_")
      || !isFirst && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// CEL's keywords and the words it keeps for languages around it.
  private static let reserved: Set<String> = [
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function",
    "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
  ]
}
