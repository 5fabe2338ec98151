/// A word of CEL.
struct Token: Sendable {
  let kind: Kind
  /// In Unicode scalars of the source text.
  let range: Range<Int>

  enum Kind: Sendable, Equatable {
    /// The digits without a sign; the parser knows whether one precedes them.
    case int(UInt64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case identifier(String)
    /// A field in backticks, for names that are no identifiers.
    case quotedField(String)
    case symbol(Symbol)
    case end

    /// Whether a value may begin here, brackets aside.
    var startsValue: Bool {
      switch self {
      case .int, .uint, .double, .string, .bytes: true
      case .identifier(let name): name != "in"
      case .quotedField, .symbol, .end: false
      }
    }
  }

  /// Longer symbols stand before their prefixes, so that the first match is the longest.
  enum Symbol: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case and = "&&"
    case or = "||"
    case less = "<"
    case greater = ">"
    case not = "!"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case question = "?"
    case colon = ":"
    case comma = ","
    case dot = "."
    case openParenthesis = "("
    case closeParenthesis = ")"
    case openBracket = "["
    case closeBracket = "]"
    case openBrace = "{"
    case closeBrace = "}"
  }
}

/// What ends a parse: the first thing wrong with the text.
struct Rejection: Error {
  let issue: ExpressionIssue

  init(_ kind: ExpressionIssue.Kind, at range: Range<Int>) {
    issue = ExpressionIssue(kind, at: range)
  }
}
