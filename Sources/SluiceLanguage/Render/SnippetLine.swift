/// One line of a file as a snippet shows it, and where its bytes come to stand.
struct SnippetLine {
  /// What is printed, cut to the width, secrets masked, tabs as spaces.
  let text: String
  private let start: Int
  /// The column of each byte, and of the end; before cutting.
  private let columns: [Int]
  /// Columns cut at the left, and what stands for them.
  private let shift: Int
  private let limit: Int

  /// `focus`: the bytes that must stay visible; `masked`: bytes not to be shown.
  init(
    _ range: Range<Int>,
    of source: SourceText,
    focus: Range<Int>,
    masked: [Range<Int>],
    width: Int
  ) {
    start = range.lowerBound
    var cells: [(glyph: String, width: Int)] = []
    var columns: [Int] = []
    var column = 0
    var offset = range.lowerBound
    for character in source.text(in: range) {
      let length = String(character).utf8.count
      let cell = Self.cell(character, isMasked: masked.contains { $0.contains(offset) })
      cells.append(cell)
      columns += Array(repeating: column, count: length)
      column += cell.width
      offset += length
    }
    columns.append(column)
    self.columns = columns
    (shift, limit) = Self.window(total: column, columns, focus, start: range.lowerBound, width)
    text = Self.visible(cells, from: shift, to: limit, total: column)
  }

  /// The columns of some bytes within the printed text, at least one wide; clamped to the line.
  func columns(of range: Range<Int>) -> Range<Int> {
    let first = min(max(column(at: range.lowerBound) - shift, 0), limit - shift)
    let last = min(max(column(at: range.upperBound) - shift, 0), limit - shift)
    return first..<max(last, first + 1)
  }

  private func column(at offset: Int) -> Int {
    columns[min(max(offset - start, 0), columns.count - 1)]
  }

  private static func cell(_ character: Character, isMasked: Bool) -> (glyph: String, width: Int) {
    if isMasked { return ("*", 1) }
    if character == "\t" {
      return (String(repeating: " ", count: TerminalText.tabWidth), TerminalText.tabWidth)
    }
    if character.unicodeScalars.contains(where: TerminalText.isSteering) { return ("\u{FFFD}", 1) }
    return (String(character), TerminalText.width(of: character))
  }

  /// The columns to show: all, or a window with the focus a third from its left.
  private static func window(
    total: Int,
    _ columns: [Int],
    _ focus: Range<Int>,
    start: Int,
    _ width: Int
  ) -> (Int, Int) {
    guard total > width else { return (0, total) }
    let wanted = columns[min(max(focus.lowerBound - start, 0), columns.count - 1)]
    let left = min(max(0, wanted - width / 3), max(0, total - width))
    return (left, left + width)
  }

  private static func visible(
    _ cells: [(glyph: String, width: Int)],
    from left: Int,
    to right: Int,
    total: Int
  ) -> String {
    var text = ""
    var column = 0
    for cell in cells {
      let next = column + cell.width
      if column >= left, next <= right {
        text += cell.glyph
      } else if next > left, column < right {
        // A wide character or a tab across the cut.
        text += String(repeating: " ", count: min(next, right) - max(column, left))
      }
      column = next
    }
    if left > 0 { text = "…" + text.dropFirst() }
    if right < total { text = text.dropLast() + "…" }
    return text
  }
}
