package import SluiceCore

/// What settled on an account, over any window from a minute to 31 days that ends now.
///
/// A row of marks: a mark is a span of seconds and the sum of all that settled before it. What a
/// window holds is the total less the sum before the first mark that reaches into it: a binary
/// search. A mark that straddles the window's beginning counts whole, so the answer is never less
/// than the truth; marks are merged only up to a sixtieth of their age, so it is more by at most
/// what settled in the sixtieth of the window before it.
///
/// Sparse: seconds in which nothing settled have no mark. Some 64 marks for each factor *e* of age:
/// at most about 1,600, and `Bounds.spendMarks` more until they are thinned.
///
/// A pure value; times are seconds since 1970 of the wall clock. One that steps back does not take
/// spending out of a window sooner.
package struct SpendSeries: Sendable, Equatable {
  /// The longest window that is kept: 31 days, in seconds.
  package static let span: Int64 = 31 * 86_400

  struct Mark: Sendable, Equatable {
    var start: Int64
    /// The first second after it.
    var end: Int64
    /// All that settled before `start`.
    var before: NanoDollars
  }

  private(set) var marks: [Mark] = []
  private(set) var total = NanoDollars.zero
  private var thinAt = Bounds.spendMarks

  package init() {}

  init(marks: [Mark], total: NanoDollars) {
    self.marks = marks
    self.total = total
  }

  /// Whether no window holds anything any more.
  func isIdle(at second: Int64) -> Bool {
    guard let last = marks.last else { return true }
    return last.end < second - Self.span
  }

  /// Adds what settled.
  package mutating func add(_ cost: NanoDollars, at second: Int64) {
    guard cost > .zero else { return }
    if let last = marks.last, second < last.end {
      // The same second, or a clock that stepped back: counted as if it had not.
      total += cost
      return
    }
    marks.append(Mark(start: second, end: second + 1, before: total))
    total += cost
    if marks.count >= thinAt { thin(at: second) }
  }

  /// What settled in the last `window` nanoseconds.
  package func sum(within window: Int64, at wall: Int64) -> NanoDollars {
    let beginning = wall - window
    // The first mark that ends after the window's beginning.
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].end * 1_000_000_000 > beginning { high = middle } else { low = middle + 1 }
    }
    return low < marks.count ? total - marks[low].before : .zero
  }

  /// Drops what no window reaches and merges neighbours as far as their age allows.
  private mutating func thin(at second: Int64) {
    let oldest = second - Self.span
    var kept: [Mark] = []
    kept.reserveCapacity(marks.count)
    for mark in marks where mark.end >= oldest {
      if let last = kept.last, mark.end - last.start <= (second - mark.end) / 60 {
        kept[kept.count - 1].end = mark.end
      } else {
        kept.append(mark)
      }
    }
    // Sums begin again at the first mark, so that they stay small however long this goes on.
    if let base = kept.first?.before, base > .zero {
      for index in kept.indices { kept[index].before -= base }
      total -= base
    }
    marks = kept
    thinAt = kept.count + Bounds.spendMarks
  }
}
