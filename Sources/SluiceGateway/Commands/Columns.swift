/// A table of text: a head, and rows as wide as their longest cells.
struct Columns {
  private let head: [String]
  private let rows: [[String]]
  /// Columns from this one on stand to the right, as numbers do.
  private let numbersFrom: Int

  init(_ head: [String], _ rows: [[String]], numbersFrom: Int = .max) {
    self.head = head
    self.rows = rows
    self.numbersFrom = numbersFrom
  }

  /// With colour, the head is bold and a row has the colour that `color` gives it, as an SGR code.
  func text(_ hasColor: Bool, color: ([String]) -> Int?) -> String {
    let widths = head.indices.map { column in
      ([head] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).enumerated()
        .map { column, pair in
          let padding = String(repeating: " ", count: pair.1 - pair.0.count)
          return column >= numbersFrom ? padding + pair.0 : pair.0 + padding
        }
        .joined(separator: "  ")
      return String(padded.reversed().drop { $0 == " " }.reversed())
    }
    func colored(_ text: String, _ code: Int?) -> String {
      guard hasColor, let code else { return "\(text)\n" }
      return "\u{1B}[\(code)m\(text)\u{1B}[0m\n"
    }
    return rows.reduce("\n" + colored(line(head), 1)) { $0 + colored(line($1), color($1)) }
  }
}
