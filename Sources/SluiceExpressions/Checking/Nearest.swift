/// Finds what an author may have meant by a name that does not exist.
enum Nearest {
  /// Up to three names close to `name`, the closest first.
  ///
  /// Close is a typing slip (an edit or two), or the right last word without what stands before
  /// it: `model` for `request.model`.
  static func names(to name: String, among candidates: some Sequence<String>) -> [String] {
    let written = Array(name.utf8)
    // Long names come from a hostile text, not from a slip; comparing them would be quadratic.
    guard written.count <= 64 else { return [] }
    let scored = Set(candidates)
      .compactMap { candidate -> (distance: Int, name: String)? in
        if candidate.hasSuffix("." + name) { return (0, candidate) }
        let distance = distance(written, Array(candidate.utf8))
        return distance <= max(1, written.count / 3) ? (distance, candidate) : nil
      }
    let sorted = scored.sorted { $0 < $1 }
    return sorted.prefix(3).filter { $0.distance <= sorted[0].distance + 1 }.map(\.name)
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for (row, byte) in one.enumerated() {
      var current = [row + 1]
      for (column, otherByte) in other.enumerated() {
        var best = min(
          last[column] + (byte == otherByte ? 0 : 1),
          last[column + 1] + 1,
          current[column] + 1
        )
        if row > 0, column > 0, byte == other[column - 1], one[row - 1] == otherByte {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      beforeLast = last
      last = current
    }
    return last[other.count]
  }
}
