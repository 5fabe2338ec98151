/// Cuts the text of an expression into tokens.
///
/// Works on Unicode scalars, so that offsets are what an author counts and what YAML's marks count.
struct Lexer {
  private let text: [Unicode.Scalar]
  private var position = 0

  init(_ text: [Unicode.Scalar]) { self.text = text }

  /// All tokens of `text`, the last one being `.end`.
  static func tokens(of text: [Unicode.Scalar]) throws(Rejection) -> [Token] {
    var lexer = Lexer(text)
    var tokens: [Token] = []
    repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
    return tokens
  }

  private mutating func next() throws(Rejection) -> Token {
    skipBlanksAndComments()
    let start = position
    guard let first = peek() else { return Token(kind: .end, range: start..<start) }
    let kind: Token.Kind
    if first.startsIdentifier {
      kind = try quotedAfterPrefix() ?? .identifier(identifier())
    } else if first.isDigit || (first == "." && peek(1)?.isDigit == true) {
      kind = try number()
    } else if first == "\"" || first == "'" {
      kind = .string(try text(isRaw: false))
    } else if first == "`" {
      kind = .quotedField(try quotedField())
    } else {
      kind = .symbol(try symbol())
    }
    return Token(kind: kind, range: start..<position)
  }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    let index = position + distance
    return index < text.count ? text[index] : nil
  }

  private mutating func skipBlanksAndComments() {
    while let scalar = peek() {
      if scalar == "/" && peek(1) == "/" {
        while let inside = peek(), inside != "\n" { _ = inside; position += 1 }
      } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
        || scalar == "\u{0C}"
      {
        position += 1
      } else {
        return
      }
    }
  }

  private mutating func identifier() -> String {
    let start = position
    while let scalar = peek(), scalar.continuesIdentifier { position += 1 }
    return string(start..<position)
  }

  private func string(_ range: Range<Int>) -> String {
    var result = String.UnicodeScalarView()
    result.append(contentsOf: text[range])
    return String(result)
  }

  private mutating func symbol() throws(Rejection) -> Token.Symbol {
    for symbol in Token.Symbol.allCases {
      let scalars = symbol.rawValue.unicodeScalars
      guard position + scalars.count <= text.count else { continue }
      if scalars.elementsEqual(text[position..<(position + scalars.count)]) {
        position += scalars.count
        return symbol
      }
    }
    throw Rejection(.unknownCharacter(text[position].shown), at: position..<(position + 1))
  }

  private mutating func quotedField() throws(Rejection) -> String {
    let start = position
    position += 1
    while let scalar = peek(), scalar != "`", scalar != "\n" { _ = scalar; position += 1 }
    guard peek() == "`", position > start + 1 else {
      throw Rejection(.unterminatedString, at: start..<position)
    }
    position += 1
    return string((start + 1)..<(position - 1))
  }
}

// Numbers.
extension Lexer {
  private mutating func number() throws(Rejection) -> Token.Kind {
    let start = position
    if peek() == "0", peek(1) == "x" || peek(1) == "X" {
      position += 2
      let digits = takeDigits { $0.isHexDigit }
      return try integer(digits, radix: 16, from: start)
    }
    let whole = takeDigits { $0.isDigit }
    var isDouble = false
    if peek() == ".", peek(1)?.isDigit == true {
      isDouble = true
      position += 1
      _ = takeDigits { $0.isDigit }
    }
    if peek() == "e" || peek() == "E" {
      let hasSign = peek(1) == "+" || peek(1) == "-"
      if peek(hasSign ? 2 : 1)?.isDigit == true {
        isDouble = true
        position += hasSign ? 2 : 1
        _ = takeDigits { $0.isDigit }
      }
    }
    guard isDouble else { return try integer(whole, radix: 10, from: start) }
    let written = string(start..<position)
    guard let value = Double(written.hasPrefix(".") ? "0" + written : written) else {
      throw Rejection(.numberOutOfRange(written), at: start..<position)
    }
    return .double(value)
  }

  private mutating func takeDigits(where isDigit: (Unicode.Scalar) -> Bool) -> String {
    let start = position
    while let scalar = peek(), isDigit(scalar) { position += 1 }
    return string(start..<position)
  }

  private mutating func integer(
    _ digits: String,
    radix: Int,
    from start: Int
  ) throws(Rejection) -> Token.Kind {
    let isUnsigned = peek() == "u" || peek() == "U"
    if isUnsigned { position += 1 }
    // `1st` is one misspelt word, not the number 1 and a name.
    guard peek()?.continuesIdentifier != true else {
      let found = string(start..<position) + identifier()
      throw Rejection(.unexpected(found: found, expected: "a number"), at: start..<position)
    }
    guard let value = UInt64(digits, radix: radix) else {
      throw Rejection(.numberOutOfRange(string(start..<position)), at: start..<position)
    }
    return isUnsigned ? .uint(value) : .int(value)
  }
}

// Strings and bytes.
extension Lexer {
  /// A literal that begins with a prefix: `r"…"`, `b'…'`, `br"""…"""`; `nil` if none stands here.
  private mutating func quotedAfterPrefix() throws(Rejection) -> Token.Kind? {
    var length = 0
    var isRaw = false
    var isBytes = false
    while let scalar = peek(length), scalar != "\"", scalar != "'" {
      switch scalar {
      case "r", "R":
        guard !isRaw else { return nil }
        isRaw = true
      case "b", "B":
        guard !isBytes else { return nil }
        isBytes = true
      default: return nil
      }
      length += 1
    }
    guard peek(length) != nil else { return nil }
    position += length
    if isBytes { return .bytes(try bytes(isRaw: isRaw)) }
    return .string(try text(isRaw: isRaw))
  }

  private mutating func text(isRaw: Bool) throws(Rejection) -> String {
    var result = String.UnicodeScalarView()
    try quoted(isRaw: isRaw) { (piece, range) throws(Rejection) in
      switch piece {
      case .scalar(let scalar): result.append(scalar)
      case .codePoint(let value), .byte(let value):
        guard let scalar = Unicode.Scalar(value) else {
          throw Rejection(.badEscape("no such code point"), at: range)
        }
        result.append(scalar)
      }
    }
    return String(result)
  }

  private mutating func bytes(isRaw: Bool) throws(Rejection) -> [UInt8] {
    var result: [UInt8] = []
    try quoted(isRaw: isRaw) { (piece, range) throws(Rejection) in
      switch piece {
      case .scalar(let scalar): result.append(contentsOf: String(scalar).utf8)
      case .byte(let value):
        guard let byte = UInt8(exactly: value) else {
          throw Rejection(.badEscape("a byte ends at \\377"), at: range)
        }
        result.append(byte)
      case .codePoint:
        throw Rejection(.badEscape("\\u is for strings, not for bytes"), at: range)
      }
    }
    return result
  }

  private enum Piece {
    case scalar(Unicode.Scalar)
    /// From `\u` or `\U`.
    case codePoint(UInt32)
    /// From `\x` or octal digits: a byte of bytes, a code point of a string.
    case byte(UInt32)
  }

  /// Reads a literal from its opening quotes to its closing ones.
  private mutating func quoted(
    isRaw: Bool,
    _ take: (Piece, Range<Int>) throws(Rejection) -> Void
  ) throws(Rejection) {
    let start = position
    guard let quote = peek() else { throw Rejection(.unterminatedString, at: start..<start) }
    let isTriple = peek(1) == quote && peek(2) == quote
    position += isTriple ? 3 : 1
    while let scalar = peek() {
      let from = position
      if scalar == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
        position += isTriple ? 3 : 1
        return
      }
      if !isTriple && (scalar == "\n" || scalar == "\r") { break }
      position += 1
      guard scalar == "\\" else {
        try take(.scalar(scalar), from..<position)
        continue
      }
      if isRaw {
        // A raw literal keeps its backslashes, and one before a quote does not end it.
        try take(.scalar(scalar), from..<position)
        if let next = peek(), next == quote || next == "\\" {
          position += 1
          try take(.scalar(next), from..<position)
        }
        continue
      }
      let piece = try escape(from: from)
      try take(piece, from..<position)
    }
    throw Rejection(.unterminatedString, at: start..<min(position, text.count))
  }

  /// Reads what follows a backslash.
  private mutating func escape(from start: Int) throws(Rejection) -> Piece {
    guard let scalar = peek() else {
      throw Rejection(.unterminatedString, at: start..<position)
    }
    position += 1
    switch scalar {
    case "a": return .scalar("\u{07}")
    case "b": return .scalar("\u{08}")
    case "f": return .scalar("\u{0C}")
    case "n": return .scalar("\n")
    case "r": return .scalar("\r")
    case "t": return .scalar("\t")
    case "v": return .scalar("\u{0B}")
    case "\\", "?", "\"", "'", "`": return .scalar(scalar)
    case "x", "X": return .byte(try escapeDigits(2, radix: 16, from: start))
    case "u": return .codePoint(try escapeDigits(4, radix: 16, from: start))
    case "U": return .codePoint(try escapeDigits(8, radix: 16, from: start))
    case "0", "1", "2", "3":
      position -= 1
      return .byte(try escapeDigits(3, radix: 8, from: start))
    default:
      throw Rejection(.badEscape("there is no escape \\\(scalar)"), at: start..<position)
    }
  }

  private mutating func escapeDigits(
    _ count: Int,
    radix: Int,
    from start: Int
  ) throws(Rejection) -> UInt32 {
    let first = position
    while position < first + count, let scalar = peek(),
      radix == 8 ? scalar.isOctalDigit : scalar.isHexDigit
    {
      position += 1
    }
    let digits = string(first..<position)
    guard digits.utf8.count == count, let value = UInt32(digits, radix: radix) else {
      throw Rejection(
        .badEscape("\(count) \(radix == 8 ? "octal" : "hexadecimal") digits belong here"),
        at: start..<position
      )
    }
    return value
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { self >= "0" && self <= "9" }
  fileprivate var isOctalDigit: Bool { self >= "0" && self <= "7" }
  fileprivate var isHexDigit: Bool {
    isDigit || (self >= "a" && self <= "f") || (self >= "A" && self <= "F")
  }

  /// The scalar itself, or its number if it cannot be seen.
  fileprivate var shown: String {
    guard properties.generalCategory == .control || properties.isDefaultIgnorableCodePoint else {
      return String(self)
    }
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  var startsIdentifier: Bool {
    self == "_" || (self >= "a" && self <= "z") || (self >= "A" && self <= "Z")
  }
  var continuesIdentifier: Bool { startsIdentifier || isDigit }
}
