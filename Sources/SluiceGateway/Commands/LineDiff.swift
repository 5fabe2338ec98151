import SluiceLanguage

/// The lines that differ between two versions of a file, in the form of `diff -U0`.
enum LineDiff {
  static func text(_ old: SourceText, _ new: SourceText) -> String {
    let (before, after) = (lines(old), lines(new))
    let changes = after.difference(from: before)
    var removed: Set<Int> = []
    var inserted: Set<Int> = []
    for change in changes {
      switch change {
      case .remove(let line, _, _): removed.insert(line)
      case .insert(let line, _, _): inserted.insert(line)
      }
    }
    var text = "--- \(old.path)\n+++ \(old.path)\n"
    var (left, right) = (0, 0)
    while left < before.count || right < after.count {
      let (startLeft, startRight) = (left, right)
      while removed.contains(left) { left += 1 }
      while inserted.contains(right) { right += 1 }
      guard left > startLeft || right > startRight else {
        left += 1
        right += 1
        continue
      }
      text += "@@ -\(range(startLeft, left)) +\(range(startRight, right)) @@\n"
      for line in before[startLeft..<left] { text += "-\(line)\n" }
      for line in after[startRight..<right] { text += "+\(line)\n" }
    }
    return text
  }

  /// `3` for a line, `3,2` for two, and the line before for none.
  private static func range(_ start: Int, _ end: Int) -> String {
    switch end - start {
    case 0: "\(start),0"
    case 1: "\(start + 1)"
    case let count: "\(start + 1),\(count)"
    }
  }

  private static func lines(_ text: SourceText) -> [String] {
    text.text(in: 0..<text.bytes.count)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}
