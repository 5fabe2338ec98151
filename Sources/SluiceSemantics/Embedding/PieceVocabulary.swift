/// The pieces of a WordPiece vocabulary, found by their bytes.
///
/// An open hash table over one array of bytes: looking a piece up allocates nothing.
struct PieceVocabulary: Sendable {
  private struct Entry {
    var hash: UInt32
    /// Where the piece stands in `bytes`; empty where nothing was put.
    var start: UInt32
    var length: UInt16
    var isContinuing: Bool
    var id: Int32
  }
  private static let nothing = Entry(hash: 0, start: 0, length: 0, isContinuing: false, id: -1)

  private var bytes: [UInt8] = []
  private var entries: [Entry]
  private var longestPiece = 0
  /// Where the piece of an id stands in `entries`; -1 for what is none.
  private var slots: [Int32] = []

  /// Reads a token a line; tells `special` those in brackets, which are no pieces.
  init(_ file: [UInt8], special: (String, Int) -> Void) {
    let lines = file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var size = 16
    // Half empty at least, so that a search ends soon.
    while size < lines.count * 2 { size *= 2 }
    entries = Array(repeating: Self.nothing, count: size)
    slots = Array(repeating: -1, count: lines.count)
    for (id, line) in lines.enumerated() {
      var piece = line
      while let last = piece.last, [0x20, 0x0D, 0x09].contains(last) { piece.removeLast() }
      if piece.first == UInt8(ascii: "["), piece.last == UInt8(ascii: "]"), piece.count > 2 {
        special(String(decoding: piece, as: UTF8.self), id)
      } else {
        let isContinuing = piece.starts(with: "##".utf8) && piece.count > 2
        put(isContinuing ? piece.dropFirst(2) : piece, isContinuing: isContinuing, id: Int32(id))
      }
    }
  }

  private mutating func put(_ piece: ArraySlice<UInt8>, isContinuing: Bool, id: Int32) {
    guard !piece.isEmpty, let length = UInt16(exactly: piece.count) else { return }
    var hash = Self.seed(isContinuing)
    for byte in piece { hash = Self.extend(hash, byte) }
    var slot = Int(hash) & (entries.count - 1)
    while entries[slot].length > 0 { slot = (slot + 1) & (entries.count - 1) }
    entries[slot] = Entry(
      hash: hash,
      start: UInt32(bytes.count),
      length: length,
      isContinuing: isContinuing,
      id: id
    )
    slots[Int(id)] = Int32(slot)
    bytes += piece
    longestPiece = max(longestPiece, piece.count)
  }

  /// The piece of an id, and whether it stands behind another in a word.
  func piece(_ id: Int64) -> (text: String, isContinuing: Bool)? {
    guard slots.indices.contains(Int(id)), slots[Int(id)] >= 0 else { return nil }
    let entry = entries[Int(slots[Int(id)])]
    let piece = bytes[Int(entry.start)..<Int(entry.start) + Int(entry.length)]
    return (String(decoding: piece, as: UTF8.self), entry.isContinuing)
  }

  /// The longest piece that stands at `start` of a word, and where it ends.
  ///
  /// Pieces behind the first are those that the file marks with `##`.
  func longest(in word: [UInt8], from start: Int) -> (id: Int32, end: Int)? {
    let isContinuing = start > 0
    var found: (id: Int32, end: Int)?
    var hash = Self.seed(isContinuing)
    for end in start + 1..<min(word.count, start + longestPiece) + 1 {
      hash = Self.extend(hash, word[end - 1])
      // A piece ends where a character does.
      if end < word.count, word[end] & 0xC0 == 0x80 { continue }
      if let id = id(of: hash, word, start, end, isContinuing) { found = (id, end) }
    }
    return found
  }

  @inline(__always)
  private func id(
    of hash: UInt32,
    _ word: [UInt8],
    _ start: Int,
    _ end: Int,
    _ isContinuing: Bool
  ) -> Int32? {
    var slot = Int(hash) & (entries.count - 1)
    while entries[slot].length > 0 {
      let entry = entries[slot]
      if entry.hash == hash, entry.isContinuing == isContinuing, Int(entry.length) == end - start,
        (0..<end - start).allSatisfy({ bytes[Int(entry.start) + $0] == word[start + $0] })
      {
        return entry.id
      }
      slot = (slot + 1) & (entries.count - 1)
    }
    return nil
  }

  // FNV-1a, which is extended byte by byte.
  private static func seed(_ isContinuing: Bool) -> UInt32 {
    isContinuing ? 0x0193_4B51 : 0x811C_9DC5
  }

  @inline(__always)
  private static func extend(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
    (hash ^ UInt32(byte)) &* 0x0100_0193
  }
}
