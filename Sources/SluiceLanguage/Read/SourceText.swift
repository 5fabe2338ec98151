/// One file of a bundle: its path as shown to people, its bytes, and where its lines begin.
///
/// Every other place in the compiler speaks of byte offsets; this is the one place that turns them
/// into lines and columns. A column counts characters (Unicode scalars) from 1, as libyaml and
/// editors do; a line ends at LF, CRLF or a lone CR.
package struct SourceText: Sendable {
  /// The path as the user named it.
  package let path: String
  package let bytes: [UInt8]
  /// Whether it is the value of a flag of the command line, whose name is the path.
  package let isFlag: Bool
  /// Whether there is text to show.
  ///
  /// A folder, or a file that could not be read, is a place without one.
  package let isText: Bool
  /// The byte offset at which each line begins; the first is behind a byte order mark.
  private let lineStarts: [Int]

  package init(path: String, bytes: [UInt8], isFlag: Bool = false) {
    self.path = path
    self.bytes = bytes
    self.isFlag = isFlag
    self.isText = true
    self.lineStarts = Self.lineStarts(of: bytes)
  }

  /// A place that has no text to show: a folder, a file that could not be read.
  package init(placeAt path: String) {
    self.path = path
    self.bytes = []
    self.isFlag = false
    self.isText = false
    self.lineStarts = [0]
  }

  /// Bytes of the byte order mark, which counts neither as text nor as a column.
  package var markLength: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

  package var lineCount: Int { lineStarts.count }

  /// The line and column of a byte offset, which is clamped to the text.
  ///
  /// An offset inside a character has the column of that character. Linear in the line's length.
  package func position(at offset: Int) -> SourcePosition {
    let offset = min(max(offset, lineStarts[0]), max(bytes.count, lineStarts[0]))
    let line = lineIndex(at: offset)
    var column = 1
    var index = lineStarts[line]
    while index < offset {
      index += 1
      if index < bytes.count, bytes[index] & 0xC0 == 0x80 { continue }
      if index <= offset { column += 1 }
    }
    return SourcePosition(line: line + 1, column: column)
  }

  /// The bytes of a line, counted from 1, without its line break; empty beyond the last.
  package func range(ofLine line: Int) -> Range<Int> {
    guard line >= 1, line <= lineStarts.count else { return bytes.count..<bytes.count }
    let start = lineStarts[line - 1]
    var end = line < lineStarts.count ? lineStarts[line] : bytes.count
    while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
    return start..<end
  }

  /// The bytes of the line that holds an offset, without its line break.
  package func lineRange(at offset: Int) -> Range<Int> {
    range(ofLine: lineIndex(at: offset) + 1)
  }

  /// The text of some bytes, with what is no UTF-8 replaced.
  package func text(in range: Range<Int>) -> String {
    String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
  }

  private func lineIndex(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private static func lineStarts(of bytes: [UInt8]) -> [Int] {
    var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
    for (index, byte) in bytes.enumerated() {
      if byte == 0x0A {
        starts.append(index + 1)
      } else if byte == 0x0D, index + 1 == bytes.count || bytes[index + 1] != 0x0A {
        starts.append(index + 1)
      }
    }
    return starts
  }
}

/// A line and a column, both from 1; columns count characters.
package struct SourcePosition: Hashable, Sendable, Comparable {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}
