/// How long things took, counted in buckets with fixed bounds.
///
/// Safe from any thread; an observation is a search of the bounds and two relaxed atomic
/// additions. The count is the sum of the buckets, so that one reading never shows a count that
/// its buckets do not add up to.
package final class Histogram: Sendable {
  /// Upper bounds in nanoseconds, ascending, each inclusive; a last bucket without one follows.
  package let bounds: [Int64]
  private let buckets: [Counter]
  private let sum = Counter()

  package init(bounds: [Int64]) {
    precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds ascend")
    self.bounds = bounds
    buckets = (0...bounds.count).map { _ in Counter() }
  }

  /// Counts one duration; a negative one counts as nothing.
  package func observe(nanoseconds: Int64) {
    let value = max(nanoseconds, 0)
    buckets[bounds.firstIndex { value <= $0 } ?? bounds.count].increment()
    sum.increment(by: value)
  }

  /// How many observations fell in each bucket, not added up.
  package var counts: [Int64] { buckets.map(\.value) }
  package var sumNanoseconds: Int64 { sum.value }
}
