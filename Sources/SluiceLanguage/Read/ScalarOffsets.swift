/// Maps offsets inside a scalar's value back to the file.
///
/// YAML folds lines, strips indentation and undoes escapes, but it keeps every other character in
/// order: value and source are walked side by side, and where they disagree the map says so. Exact
/// for plain, quoted and block scalars, folded ones included; an escape other than `\"`, `\\`, `\/`
/// and a line continuation falls back to the scalar's start.
package struct ScalarOffsets: Sendable {
  private let span: SourceSpan
  /// The file offset of each byte of the value, and of its end; nil when the walk failed.
  private let offsets: [Int]?

  /// Linear in the scalar.
  package init(of scalar: YAMLScalar, in text: SourceText) {
    span = scalar.span
    offsets = ScalarWalk(bytes: text.bytes, scalar: scalar).offsets()
  }

  /// Where a stretch of the value stands, in bytes of its UTF-8; the scalar's start if unknown.
  package func span(ofUTF8 range: Range<Int>) -> SourceSpan {
    guard let offsets, range.lowerBound >= 0, range.upperBound < offsets.count else {
      return span.beginning
    }
    // A block's last line break lies behind the span, which ends with the text.
    let start = min(offsets[range.lowerBound], span.end)
    let end = range.isEmpty ? start : min(offsets[range.upperBound - 1] + 1, span.end)
    return SourceSpan(source: span.source, start: start, end: max(start, end))
  }

  /// Whether every offset is known.
  package var isExact: Bool { offsets != nil }
}

extension YAMLScalar {
  /// Where a stretch of the value stands, counted in characters (Unicode scalars).
  package func span(ofCharacters range: Range<Int>, in text: SourceText) -> SourceSpan {
    span(ofUTF8: utf8(range.lowerBound)..<utf8(range.upperBound), in: text)
  }

  /// Where a stretch of the value stands, counted in bytes of its UTF-8.
  package func span(ofUTF8 range: Range<Int>, in text: SourceText) -> SourceSpan {
    ScalarOffsets(of: self, in: text).span(ofUTF8: range)
  }

  private func utf8(_ character: Int) -> Int {
    self.text.unicodeScalars.prefix(character).reduce(0) { $0 + UTF8.width($1) }
  }
}

/// One walk over a value and its source.
private struct ScalarWalk {
  let bytes: [UInt8]
  let scalar: YAMLScalar
  private var index: Int
  private let end: Int

  init(bytes: [UInt8], scalar: YAMLScalar) {
    self.bytes = bytes
    self.scalar = scalar
    end = min(scalar.span.end, bytes.count)
    index = min(scalar.span.start, end)
  }

  consuming func offsets() -> [Int]? {
    skipOpening()
    var offsets: [Int] = []
    offsets.reserveCapacity(scalar.text.utf8.count + 1)
    for byte in scalar.text.utf8 {
      if Self.isSpace(byte) {
        offsets.append(takeSpace())
      } else {
        guard let offset = takeVisible(byte) else { return nil }
        offsets.append(offset)
      }
    }
    offsets.append(index)
    return offsets
  }

  private mutating func skipOpening() {
    switch scalar.style {
    case .plain: break
    case .singleQuoted, .doubleQuoted: index += 1
    case .literal, .folded:
      while index < end, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
      while index < end, Self.isSpace(bytes[index]) { index += 1 }
    }
  }

  /// A space of the value: the source's own, or the fold that made it.
  private mutating func takeSpace() -> Int {
    let offset = index
    if index < end, Self.isSpace(bytes[index]) {
      index += 1
    } else if scalar.style == .doubleQuoted, index + 1 < end, bytes[index] == UInt8(ascii: "\\"),
      bytes[index + 1] == UInt8(ascii: "n") || bytes[index + 1] == UInt8(ascii: "t")
    {
      index += 2
    }
    return offset
  }

  private mutating func takeVisible(_ byte: UInt8) -> Int? {
    while index < end, Self.isSpace(bytes[index]) { index += 1 }
    guard index < end else { return nil }
    if scalar.style == .doubleQuoted, bytes[index] == UInt8(ascii: "\\") {
      return takeEscape(byte)
    }
    guard bytes[index] == byte else { return nil }
    let offset = index
    index += scalar.style == .singleQuoted && byte == UInt8(ascii: "'") ? 2 : 1
    return offset
  }

  private mutating func takeEscape(_ byte: UInt8) -> Int? {
    guard index + 1 < end else { return nil }
    let escaped = bytes[index + 1]
    if escaped == 0x0A || escaped == 0x0D {
      index += 1
      return takeVisible(byte)
    }
    guard escaped == byte, "\"\\/".utf8.contains(byte) else { return nil }
    let offset = index
    index += 2
    return offset
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
