/// Turns a piece that is no token itself into tokens: merges the adjacent pair whose union has the
/// lowest rank, the leftmost of equals, until no union is a token.
///
/// A long piece is taken in windows, so that a run without a break takes little memory and its time
/// grows with its length alone. A short window looks for the lowest rank in line, which is quickest,
/// a longer one in a heap. Windows are joined only where that is exact:
///
/// > Let `L` and `R` be texts whose encodings end in the token `t` and begin with `u`. If the
/// > encoding of `tu` is `t, u`, then the encoding of `LR` is that of `L` and that of `R`.
///
/// The first merge over the joint would be the lowest of all at its time; what has been merged in
/// the spans of `t` and `u` by then is what encoding `tu` alone merges, so that it would merge over
/// the joint as well. And any part of an encoding is the encoding of its own text, since nothing
/// was merged over its ends. So when one window has the token `t` somewhere, and the window that
/// begins there has it as its first token, what lies behind in the second follows `t`.
///
/// Keeps its memory from piece to piece.
struct PieceMerger {
  /// Bytes up to which looking in line is quicker than a heap.
  private let shortBytes: Int
  /// Bytes of the first window that a long piece is taken in.
  private let windowBytes: Int

  /// Offsets where the tokens of the last short piece begin, each below the rank of its union with
  /// the token behind it; one more at the end.
  private var parts: [UInt64] = []
  private var heap = RankHeap()
  /// At the first byte of each token of a window its length; 0 elsewhere.
  private var heads: [UInt8] = []
  /// At the last byte of each token of a window its length; elsewhere of no meaning.
  private var tails: [UInt8] = []

  private static let noUnion = UInt64(UInt32.max)

  /// The sizes change how long a merge takes, not what it yields.
  init(shortBytes: Int = 64, windowBytes: Int = 64) {
    self.shortBytes = shortBytes
    self.windowBytes = windowBytes
  }

  /// How many tokens a piece has.
  mutating func count(_ text: Span<UInt8>, _ range: Range<Int>, _ table: TokenTable) -> Int {
    var count = 0
    forEachEnd(text, range, table) { _ in count += 1 }
    return count
  }

  /// Calls `body` with the end of each token of a piece, in order.
  @inline(__always)
  mutating func forEachEnd(
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable,
    _ body: (Int) -> Void
  ) {
    if range.count <= shortBytes {
      mergeShort(text, range, table)
      for part in parts.dropFirst() { body(Int(UInt32(truncatingIfNeeded: part))) }
    } else {
      mergeLong(text, range, table, body)
    }
  }

  private mutating func mergeLong(
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable,
    _ body: (Int) -> Void
  ) {
    var start = range.lowerBound
    var size = windowBytes
    var ends = mergedWindow(text, start..<min(start + size, range.upperBound), table)
    while let last = ends.last, last < range.upperBound {
      if let (kept, next) = joint(behind: ends, of: start..<last, size, text, range, table) {
        for end in ends[..<kept] { body(end) }
        start = ends[kept - 1]
        ends = next
      } else {
        // A joint comes in the later half of a window or not at all, so that windows that grow
        // pay for themselves.
        size *= 2
        ends = mergedWindow(text, start..<min(start + size, range.upperBound), table)
      }
    }
    for end in ends { body(end) }
  }

  /// How many tokens of a window stand, and the window behind them.
  private mutating func joint(
    behind ends: [Int],
    of window: Range<Int>,
    _ size: Int,
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable
  ) -> (kept: Int, next: [Int])? {
    // Far enough from the end that what follows has no more say, most likely.
    for eighths in [7, 6, 5] {
      let wanted = window.lowerBound + window.count / 8 * eighths
      guard let kept = ends.firstIndex(where: { $0 >= wanted }), kept > 0,
        ends[kept - 1] - window.lowerBound >= window.count / 2
      else { continue }
      let from = ends[kept - 1]
      let until = min(from + size, range.upperBound)
      let next = mergedWindow(text, from..<until, table)
      if next.first == ends[kept], next.count > 1 || until == range.upperBound {
        return (kept, next)
      }
    }
    return nil
  }

  private mutating func mergeShort(
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable
  ) {
    @inline(__always)
    func part(_ start: Int, unionEnd: Int) -> UInt64 {
      let rank = table.rank(of: text, start, unionEnd).map { UInt64($0) } ?? Self.noUnion
      return rank << 32 | UInt64(start)
    }
    @inline(__always)
    func start(_ index: Int) -> Int { Int(UInt32(truncatingIfNeeded: parts[index])) }

    parts.removeAll(keepingCapacity: true)
    for at in range.lowerBound..<range.upperBound - 1 { parts.append(part(at, unionEnd: at + 2)) }
    parts.append(Self.noUnion << 32 | UInt64(range.upperBound - 1))
    parts.append(Self.noUnion << 32 | UInt64(range.upperBound))
    while true {
      var lowest = UInt64.max
      var chosen = 0
      for index in 0..<parts.count where parts[index] < lowest {
        lowest = parts[index]
        chosen = index
      }
      guard lowest >> 32 != Self.noUnion else { return }
      // The union is the token at `chosen`; its old right half goes.
      for index in chosen + 1..<parts.count - 1 { parts[index] = parts[index + 1] }
      parts.removeLast()
      let last = parts.count - 1
      parts[chosen] =
        chosen + 2 <= last
        ? part(start(chosen), unionEnd: start(chosen + 2))
        : Self.noUnion << 32 | UInt64(start(chosen))
      if chosen > 0 {
        parts[chosen - 1] = part(start(chosen - 1), unionEnd: start(chosen + 1))
      }
    }
  }

  /// The ends of the tokens of a part of a text.
  private mutating func mergedWindow(
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable
  ) -> [Int] {
    if range.count <= shortBytes {
      mergeShort(text, range, table)
      return parts.dropFirst().map { Int(UInt32(truncatingIfNeeded: $0)) }
    }
    return mergedInHeap(text, range, table)
  }

  private mutating func mergedInHeap(
    _ text: Span<UInt8>,
    _ range: Range<Int>,
    _ table: TokenTable
  ) -> [Int] {
    let length = range.count
    let base = range.lowerBound
    heads.removeAll(keepingCapacity: true)
    heads.append(contentsOf: repeatElement(1, count: length))
    tails.removeAll(keepingCapacity: true)
    tails.append(contentsOf: repeatElement(1, count: length))
    heap.removeAll()
    for at in 0..<length - 1 {
      if let rank = table.rank(of: text, base + at, base + at + 2) {
        heap.gather(Union(rank: rank, start: at, length: 2))
      }
    }
    heap.order()
    while let union = heap.takeLowest() {
      let left = Int(heads[union.start])
      let middle = union.start + left
      // Stale unless the two tokens that would make it still stand.
      guard left > 0, middle < length, left + Int(heads[middle]) == union.length else { continue }
      let end = union.start + union.length
      heads[middle] = 0
      heads[union.start] = UInt8(union.length)
      tails[end - 1] = UInt8(union.length)
      if end < length {
        let next = end + Int(heads[end])
        if let rank = table.rank(of: text, base + union.start, base + next) {
          heap.add(Union(rank: rank, start: union.start, length: next - union.start))
        }
      }
      if union.start > 0 {
        let before = union.start - Int(tails[union.start - 1])
        if let rank = table.rank(of: text, base + before, base + end) {
          heap.add(Union(rank: rank, start: before, length: end - before))
        }
      }
    }
    var ends: [Int] = []
    var at = 0
    while at < length {
      at += Int(heads[at])
      ends.append(base + at)
    }
    return ends
  }
}

/// Two adjacent tokens whose union is a token: its rank, its place in the piece, its length.
private struct Union {
  /// 20 bits of rank, 36 of start, 8 of length: the order of the numbers is the order of merging.
  let bits: UInt64

  init(rank: UInt32, start: Int, length: Int) {
    bits = UInt64(rank) << 44 | UInt64(start) << 8 | UInt64(length)
  }

  init(bits: UInt64) { self.bits = bits }

  var start: Int { Int(truncatingIfNeeded: (bits >> 8) & (1 << 36 - 1)) }
  var length: Int { Int(truncatingIfNeeded: bits & 255) }
}

/// A binary heap, the lowest first.
private struct RankHeap {
  private var unions: [UInt64] = []

  mutating func removeAll() { unions.removeAll(keepingCapacity: true) }

  /// Adds one without keeping the order; `order` follows.
  mutating func gather(_ union: Union) { unions.append(union.bits) }

  mutating func order() {
    for index in stride(from: unions.count / 2 - 1, through: 0, by: -1) { sink(index) }
  }

  mutating func add(_ union: Union) {
    unions.append(union.bits)
    var index = unions.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard unions[parent] > union.bits else { break }
      unions[index] = unions[parent]
      index = parent
    }
    unions[index] = union.bits
  }

  mutating func takeLowest() -> Union? {
    guard let lowest = unions.first else { return nil }
    let last = unions.removeLast()
    if !unions.isEmpty {
      unions[0] = last
      sink(0)
    }
    return Union(bits: lowest)
  }

  private mutating func sink(_ from: Int) {
    let moved = unions[from]
    var index = from
    while true {
      var child = 2 * index + 1
      guard child < unions.count else { break }
      if child + 1 < unions.count, unions[child + 1] < unions[child] { child += 1 }
      guard unions[child] < moved else { break }
      unions[index] = unions[child]
      index = child
    }
    unions[index] = moved
  }
}
