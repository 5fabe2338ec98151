/// The comments of a YAML text.
///
/// libyaml drops them, so the text is looked through, past all scalars: a `#` inside one is no
/// comment. Behind them, libyaml takes every `#` for one, also where nothing stands between.
enum SourceComments {
  /// From `#` to the end of its line, each.
  ///
  /// `scalars` are the ranges of all scalars and aliases, in ascending order. Linear.
  static func find(in text: SourceText, past scalars: [Range<Int>]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    let bytes = text.bytes
    var next = scalars[...]
    var index = text.markLength
    while index < bytes.count {
      while let scalar = next.first, scalar.upperBound <= index { next = next.dropFirst() }
      if let scalar = next.first, scalar.contains(index) {
        index = scalar.upperBound
        continue
      }
      guard bytes[index] == UInt8(ascii: "#") else {
        index += 1
        continue
      }
      let end = text.lineRange(at: index).upperBound
      found.append(index..<end)
      index = end
    }
    return found
  }
}
