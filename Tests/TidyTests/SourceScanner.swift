/// Cuts Swift source into tokens, leaving out comments and what strings say.
///
/// What a string interpolates is code and stays. Only as exact as the rules need it: it reads the
/// sources of this package, which the compiler has read before.
struct SourceScanner {
  private let bytes: [UInt8]
  private var place = 0
  private var line = 1
  private var tokens: [SourceToken] = []

  static func tokens(of text: String) -> [SourceToken] {
    var scanner = SourceScanner(bytes: Array(text.utf8))
    scanner.scanCode(isInterpolated: false)
    return scanner.tokens
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func looksAt(_ text: StaticString, at start: Int? = nil) -> Bool {
    let wanted = "\(text)".utf8
    let start = start ?? place
    return start + wanted.count <= bytes.count
      && zip(bytes[start...], wanted).allSatisfy { $0 == $1 }
  }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where place < bytes.count {
      if bytes[place] == UInt8(ascii: "\n") { line += 1 }
      place += 1
    }
  }

  /// Reads code to the end of the file, or of an interpolation.
  private mutating func scanCode(isInterpolated: Bool) {
    var depth = 0
    while place < bytes.count {
      let byte = bytes[place]
      if looksAt("//") {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { advance() }
      } else if looksAt("/*") {
        skipBlockComment()
      } else if byte == UInt8(ascii: "\"") {
        scanString(hashes: 0)
      } else if byte == UInt8(ascii: "#"), let hashes = hashesBeforeQuote() {
        advance(hashes)
        scanString(hashes: hashes)
      } else if Self.isWord(byte) {
        scanWord()
      } else if byte <= UInt8(ascii: " ") {
        advance()
      } else {
        if byte == UInt8(ascii: "(") { depth += 1 }
        if byte == UInt8(ascii: ")") {
          depth -= 1
          if isInterpolated, depth < 0 { return }
        }
        tokens.append(SourceToken(text: String(UnicodeScalar(byte)), line: line))
        advance()
      }
    }
  }

  private mutating func scanWord() {
    let start = place
    while place < bytes.count, Self.isWord(bytes[place]) { place += 1 }
    let word = String(decoding: bytes[start..<place], as: UTF8.self)
    tokens.append(SourceToken(text: word, line: line))
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if looksAt("/*") {
        depth += 1
        advance(2)
      } else if looksAt("*/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0 && place < bytes.count
  }

  /// How many `#` stand before the quote of a raw string that begins here.
  private func hashesBeforeQuote() -> Int? {
    var end = place
    while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
    return end - place
  }

  private mutating func scanString(hashes: Int) {
    let isBlock = looksAt("\"\"\"")
    let quotes = isBlock ? 3 : 1
    advance(quotes)
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "\\"), hasHashes(hashes, at: place + 1) {
        advance(1 + hashes)
        if place < bytes.count, bytes[place] == UInt8(ascii: "(") {
          advance()
          scanCode(isInterpolated: true)
        }
        advance()
      } else if isBlock ? looksAt("\"\"\"") : looksAt("\""), hasHashes(hashes, at: place + quotes) {
        advance(quotes + hashes)
        return
      } else {
        advance()
      }
    }
  }

  private func hasHashes(_ count: Int, at start: Int) -> Bool {
    start + count <= bytes.count
      && bytes[start..<start + count].allSatisfy { $0 == UInt8(ascii: "#") }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}
