/// A set of points of one order, kept as half-open intervals: sorted, disjoint, none touching the
/// next.
///
/// Closed under union, intersection and difference, so that sets of numbers, of texts and of
/// addresses can be subtracted exactly. Complexity of each: linear in the intervals of both.
package struct Intervals<Point: Comparable & Hashable & Sendable>: Hashable, Sendable {
  package struct Interval: Hashable, Sendable {
    package var lower: Point
    /// The first point that is no longer in it; `nil`: it has no end.
    package var upper: Point?

    fileprivate func reaches(_ point: Point) -> Bool { upper.map { $0 >= point } ?? true }
    fileprivate func covers(_ point: Point) -> Bool { upper.map { $0 > point } ?? true }
  }

  package private(set) var parts: [Interval]

  package static var nothing: Intervals { Intervals(parts: []) }

  private init(parts: [Interval]) { self.parts = parts }

  /// From `lower` to before `upper`; empty unless that is something.
  package init(from lower: Point, to upper: Point?) {
    if let upper, upper <= lower {
      parts = []
    } else {
      parts = [Interval(lower: lower, upper: upper)]
    }
  }

  /// The union of intervals in any order.
  package init(union intervals: [Intervals]) {
    var joined: [Interval] = []
    for part in intervals.flatMap(\.parts).sorted(by: { $0.lower < $1.lower }) {
      guard let last = joined.last, last.reaches(part.lower) else {
        joined.append(part)
        continue
      }
      guard let end = last.upper else { break }
      joined[joined.count - 1].upper = part.upper.map { max($0, end) }
    }
    parts = joined
  }

  package var isEmpty: Bool { parts.isEmpty }

  package func contains(_ point: Point) -> Bool {
    parts.contains { $0.lower <= point && $0.covers(point) }
  }

  package func union(_ other: Intervals) -> Intervals { Intervals(union: [self, other]) }

  package func intersection(_ other: Intervals) -> Intervals {
    var common: [Interval] = []
    var (mine, theirs) = (0, 0)
    while mine < parts.count, theirs < other.parts.count {
      let (one, two) = (parts[mine], other.parts[theirs])
      let lower = max(one.lower, two.lower)
      let upper = Self.least(one.upper, two.upper)
      if upper.map({ $0 > lower }) ?? true { common.append(Interval(lower: lower, upper: upper)) }
      // The one that ends first has no more to give.
      if upper == one.upper { mine += 1 } else { theirs += 1 }
    }
    return Intervals(parts: common)
  }

  package func subtracting(_ other: Intervals) -> Intervals {
    var left: [Interval] = []
    var index = 0
    for part in parts {
      while index < other.parts.count, !other.parts[index].covers(part.lower) { index += 1 }
      var lower: Point? = part.lower
      var at = index
      while let start = lower, at < other.parts.count {
        let cut = other.parts[at]
        guard part.covers(cut.lower) || cut.lower <= start else { break }
        if cut.lower > start { left.append(Interval(lower: start, upper: cut.lower)) }
        lower = cut.upper.flatMap { part.covers($0) ? $0 : nil }
        at += 1
      }
      if let lower { left.append(Interval(lower: lower, upper: part.upper)) }
    }
    return Intervals(parts: left)
  }

  private static func least(_ one: Point?, _ other: Point?) -> Point? {
    guard let one else { return other }
    guard let other else { return one }
    return min(one, other)
  }
}

/// A text as a point: ordered by code points, as CEL compares strings and as UTF-8 sorts.
package struct TextPoint: Hashable, Comparable, Sendable {
  package let bytes: [UInt8]

  package init(_ text: String) { bytes = Array(text.utf8) }
  private init(bytes: [UInt8]) { self.bytes = bytes }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The least text that is greater than this.
  package var successor: TextPoint { TextPoint(bytes: bytes + [0]) }

  package static func < (left: Self, right: Self) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  /// The least text that is greater than all that begin with this; `nil` if there is none.
  package var behindPrefix: TextPoint? {
    var scalars = Array(text.unicodeScalars)
    while let last = scalars.popLast() {
      // What follows U+D7FF are surrogates, which no text holds.
      let value = last.value == 0xD7FF ? 0xE000 : last.value + 1
      guard let next = Unicode.Scalar(value) else { continue }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars)
      view.append(next)
      return TextPoint(String(view))
    }
    return nil
  }
}

extension Intervals<TextPoint> {
  package static var everything: Intervals { Intervals(from: TextPoint(""), to: nil) }

  package init(text: String) {
    let point = TextPoint(text)
    self.init(from: point, to: point.successor)
  }

  package init(texts: some Sequence<String>) { self.init(union: texts.map { Intervals(text: $0) }) }

  package init(prefix: String) {
    let point = TextPoint(prefix)
    self.init(from: point, to: point.behindPrefix)
  }
}

extension Intervals<Int128> {
  package static var everything: Intervals { Intervals(from: .min, to: nil) }

  package init(number: Int128) { self.init(from: number, to: number == .max ? nil : number + 1) }

  package init(_ range: ClosedRange<Int128>) {
    self.init(from: range.lowerBound, to: range.upperBound == .max ? nil : range.upperBound + 1)
  }
}
