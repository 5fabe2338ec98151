import SluiceCore

/// The value that the author meant, found in the line itself rather than by YAML's rules.
///
/// Used where YAML has taken a sign inside an expression for its own, to show the whole in quotes.
/// Lines beyond `Bounds.snippetBytes` are not searched. A guess, made only for wording: the text behind `key: ` up to the end of the line or, within
/// `{}` or `[]`, up to the comma or bracket that is not inside brackets or quotes.
struct ValueOnLine {
  let text: String
  /// In bytes of the file.
  let range: Range<Int>

  var quoted: String { Wording.quoted(text) }

  /// In other quotes than the author's, which the text itself holds.
  var requoted: String { Wording.quoted(String(text.dropFirst().dropLast())) }

  /// Whether the text looks more like an expression than like a name or a number.
  var isExpression: Bool {
    let signs = ["(", "[", "\"", "'", "==", "!=", "&&", "||", "?", "<", ">", "!", "{"]
    return signs.contains { text.contains($0) }
  }

  /// Nil if the offset is neither behind a key or a dash on its line, nor in a list.
  init?(around offset: Int, in source: SourceText) {
    let line = source.lineRange(at: offset)
    let bytes = source.bytes
    guard line.count <= Bounds.snippetBytes else { return nil }
    for place in Self.places(before: offset, in: line, of: bytes).reversed() {
      var start = place.start
      while start < line.upperBound, bytes[start] == 0x20 { start += 1 }
      let end =
        place.isInFlow
        ? Self.flowEnd(from: start, to: line.upperBound, in: bytes)
        : Self.blockEnd(from: start, to: line.upperBound, in: bytes)
      guard start < end, start <= offset, offset <= end else { continue }
      range = start..<end
      text = source.text(in: range)
      return
    }
    return nil
  }

  /// Where a value may begin.
  private struct Place {
    var start: Int
    var isInFlow: Bool
  }

  /// Behind the dash or the key of the line, and behind each key or opening sign in `{}` and `[]`.
  private static func places(
    before offset: Int,
    in line: Range<Int>,
    of bytes: [UInt8]
  ) -> [Place] {
    var places: [Place] = []
    var index = line.lowerBound
    while index < line.upperBound, bytes[index] == 0x20 || isDash(index, line, bytes) { index += 1 }
    if let key = plainKey(at: index, line, bytes) {
      guard key.upperBound < offset else { return [] }
      index = key.upperBound + 1
      while index < line.upperBound, bytes[index] == 0x20 { index += 1 }
      places.append(Place(start: index, isInFlow: false))
    } else if index > line.lowerBound, bytes[line.lowerBound..<index].contains(UInt8(ascii: "-")) {
      places.append(Place(start: index, isInFlow: false))
    }
    guard index < line.upperBound, "{[".utf8.contains(bytes[index]) else { return places }
    var nesting = Nesting()
    while index < min(offset, line.upperBound) {
      let byte = bytes[index]
      nesting.take(byte)
      index += 1
      guard !nesting.isQuoted, nesting.round == 0, "{[,".utf8.contains(byte) else { continue }
      var start = index
      while start < line.upperBound, bytes[start] == 0x20 { start += 1 }
      if let key = plainKey(at: start, line, bytes) {
        if key.upperBound < offset {
          places.append(Place(start: key.upperBound + 1, isInFlow: true))
        }
      } else if start < offset {
        places.append(Place(start: start, isInFlow: true))
      }
    }
    return places
  }

  private static func isDash(_ index: Int, _ line: Range<Int>, _ bytes: [UInt8]) -> Bool {
    bytes[index] == UInt8(ascii: "-") && index + 1 < line.upperBound && bytes[index + 1] == 0x20
  }

  /// A name that a colon and a space follow.
  private static func plainKey(
    at start: Int,
    _ line: Range<Int>,
    _ bytes: [UInt8]
  ) -> Range<Int>? {
    var end = start
    while end < line.upperBound {
      switch bytes[end] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "/"):
        end += 1
        continue
      default: break
      }
      break
    }
    guard end > start, end < line.upperBound, bytes[end] == UInt8(ascii: ":") else { return nil }
    guard end + 1 == line.upperBound || bytes[end + 1] == 0x20 else { return nil }
    return start..<end
  }

  private static func blockEnd(from start: Int, to limit: Int, in bytes: [UInt8]) -> Int {
    var nesting = Nesting()
    var end = limit
    for index in start..<max(start, limit) {
      // A comment, unless it stands inside brackets or quotes: then it was meant as text.
      if bytes[index] == UInt8(ascii: "#"), index > start, bytes[index - 1] == 0x20,
        nesting.isBalanced
      {
        end = index
        break
      }
      nesting.take(bytes[index])
    }
    return trimmed(end, from: start, in: bytes)
  }

  private static func flowEnd(from start: Int, to limit: Int, in bytes: [UInt8]) -> Int {
    var nesting = Nesting()
    var end = start
    while end < limit {
      let byte = bytes[end]
      if nesting.isBalanced, ",}]".utf8.contains(byte) { break }
      nesting.take(byte)
      end += 1
    }
    return trimmed(end, from: start, in: bytes)
  }

  private static func trimmed(_ end: Int, from start: Int, in bytes: [UInt8]) -> Int {
    var end = end
    while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return end
  }
}

/// Which brackets and quotes of an expression are open.
struct Nesting {
  private(set) var round = 0
  private var square = 0
  private var curly = 0
  private var quote: UInt8?
  private var isEscaped = false

  init() {}

  init(of text: some StringProtocol) {
    for byte in text.utf8 { take(byte) }
  }

  var isQuoted: Bool { quote != nil }
  var isBalanced: Bool { quote == nil && round == 0 && square == 0 && curly == 0 }

  mutating func take(_ byte: UInt8) {
    if let open = quote {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == open {
        quote = nil
      }
      return
    }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
    case UInt8(ascii: "("): round += 1
    case UInt8(ascii: ")"): round -= 1
    case UInt8(ascii: "["): square += 1
    case UInt8(ascii: "]"): square -= 1
    case UInt8(ascii: "{"): curly += 1
    case UInt8(ascii: "}"): curly -= 1
    default: break
    }
  }
}
