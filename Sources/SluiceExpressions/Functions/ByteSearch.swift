/// A text to look for, prepared once.
///
/// Short needles are searched by trying each place. Long ones use the tables of Knuth, Morris and
/// Pratt, so that no pair of texts makes a search quadratic.
struct ByteSearch: Sendable {
  private let needle: [UInt8]
  /// For each prefix, the length of the longest that is also its end; empty for short needles.
  private let borders: [Int]

  private static let shortNeedle = 16

  init(_ needle: String) {
    let bytes = Array(needle.utf8)
    self.needle = bytes
    guard bytes.count > Self.shortNeedle else {
      borders = []
      return
    }
    var borders = [0]
    var length = 0
    for index in 1..<bytes.count {
      while length > 0, bytes[length] != bytes[index] { length = borders[length - 1] }
      if bytes[length] == bytes[index] { length += 1 }
      borders.append(length)
    }
    self.borders = borders
  }

  func isIn(_ text: String) -> Bool { firstOffset(in: text.utf8.span, from: 0) != nil }

  /// The byte offset of the first occurrence at or after `start`.
  func firstOffset(in text: Span<UInt8>, from start: Int) -> Int? {
    guard let first = needle.first else { return start <= text.count ? start : nil }
    guard borders.isEmpty else { return firstOffsetOfLong(in: text, from: start) }
    var index = start
    let end = text.count - needle.count
    while index <= end {
      if text[index] == first {
        var matched = 1
        while matched < needle.count, text[index + matched] == needle[matched] { matched += 1 }
        if matched == needle.count { return index }
      }
      index += 1
    }
    return nil
  }

  private func firstOffsetOfLong(in text: Span<UInt8>, from start: Int) -> Int? {
    guard start < text.count else { return nil }
    var matched = 0
    for index in start..<text.count {
      while matched > 0, needle[matched] != text[index] { matched = borders[matched - 1] }
      if needle[matched] == text[index] { matched += 1 }
      if matched == needle.count { return index + 1 - matched }
    }
    return nil
  }
}

extension String {
  func beginsWith(codePointsOf prefix: String) -> Bool {
    utf8.span.holds(prefix.utf8.span, at: 0)
  }

  func finishesWith(codePointsOf suffix: String) -> Bool {
    utf8.span.holds(suffix.utf8.span, at: utf8.count - suffix.utf8.count)
  }

  /// Compiles and matches a pattern that was not known when the policy was loaded.
  func matches(pattern: String) throws(EvaluationError) -> Bool {
    do throws(Pattern.Invalid) {
      return try Pattern(pattern).matches(self)
    } catch {
      throw .invalidArgument("a bad pattern: \(error.reason)")
    }
  }

  /// As `matches(pattern:)`, with a pattern of `*` and `?` that all of the text has to fit.
  func matches(glob: String) throws(EvaluationError) -> Bool {
    try matches(pattern: Pattern.expression(ofGlob: glob))
  }
}

extension Span<UInt8> {
  /// Whether `part` stands at `offset`.
  fileprivate func holds(_ part: Span<UInt8>, at offset: Int) -> Bool {
    guard offset >= 0, offset + part.count <= count else { return false }
    for index in part.indices where part[index] != self[offset + index] { return false }
    return true
  }
}
