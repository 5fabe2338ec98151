internal import SluiceCore
package import SluiceDialects

/// Counts what an answer says, as it passes.
///
/// Counting each piece of a stream by itself would count too much, since tokens reach over the
/// pieces; counting all of it again with each piece would cost the square. So text waits, cheap to
/// bound by its bytes, and is counted once, up to the last place where it can be cut for good.
///
/// What it counts is what `OutputText` gathers. Against a bill it errs low by reasoning that is not
/// shown, by sound, and by the marks around tool calls; never high by more than a token for each
/// `Bounds.uncountedOutputBytes` of text without spaces. Without a counter it knows bytes only, an
/// upper bound about four times too high for English.
package struct OutputTally: Sendable {
  /// What is still to be counted; whoever reads the answer adds to it.
  package var text = OutputText()
  private let counter: (any TokenCounter)?
  /// Tokens of text that was counted and forgotten.
  private var counted = 0
  /// Bytes of text that was forgotten uncounted.
  private var uncounted = 0

  /// - Parameter counter: `nil` where none is at hand.
  package init(_ counter: (any TokenCounter)?) { self.counter = counter }

  /// Whether tokens are counted at all, and not only bytes.
  package var counts: Bool { counter != nil }

  /// No more tokens than these have passed; costs nothing.
  package var upperBound: Int { counted + uncounted + text.bytes }

  /// Whether more than `limit` tokens have passed.
  ///
  /// Far from the limit the bytes decide. Where they do not, what can be counted for good is counted
  /// once, and the rest, rarely more than a word, as often as it takes. Exact with a counter; without
  /// one it says yes early, never late.
  package mutating func exceeds(_ limit: Int) -> Bool {
    if upperBound <= limit { return false }
    guard counter != nil else { return true }
    settle()
    if upperBound <= limit { return false }
    return total > limit
  }

  /// Counts, or else gives up to count, so that what waits stays within its bounds.
  ///
  /// Call it whenever text was added. Takes 0.3 ms for each `Bounds.uncountedOutputBytes`.
  package mutating func trim() {
    if counter != nil {
      if text.bytes > Bounds.uncountedOutputBytes { settle() }
    } else if text.bytes > Bounds.loopCountBytes {
      uncounted += text.bytes
      text.removeAll()
    }
  }

  /// The same with `counter`, if it had none.
  package func counting(with counter: (any TokenCounter)?) -> OutputTally {
    var tally = OutputTally(self.counter ?? counter)
    tally.text = text
    tally.counted = counted
    tally.uncounted = uncounted
    return tally
  }

  /// Whether `total` is a count, and not bytes in part.
  package var isExact: Bool { uncounted == 0 && (counter != nil || text.bytes == 0) }

  /// The tokens that have passed; what was not counted, as its bytes.
  package var total: Int {
    guard let counter else { return upperBound }
    var total = counted + uncounted
    text.forEach { total += counter.count($0) }
    return total
  }

  private mutating func settle() {
    guard let counter else { return }
    var tokens = 0
    text.takeDecided(longest: Bounds.uncountedOutputBytes / 4) { tokens += counter.count($0) }
    counted += tokens
  }
}
