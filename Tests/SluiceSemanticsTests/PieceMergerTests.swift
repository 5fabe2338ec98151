import SluicePipeline
import SluicePolicy
import Testing

@testable import SluiceSemantics

@Suite("Merging a piece")
struct PieceMergerTests {
  /// Merges by the definition: all pairs are asked again after every merge.
  private func plainMerge(_ piece: [UInt8], _ table: TokenTable) -> [Int] {
    var bounds = Array(0...piece.count)
    while bounds.count > 2 {
      var lowest: (rank: UInt32, index: Int)?
      for index in 0..<bounds.count - 2 {
        guard let rank = table.rank(of: piece.span, bounds[index], bounds[index + 2]) else {
          continue
        }
        if lowest.map({ rank < $0.rank }) ?? true { lowest = (rank, index) }
      }
      guard let lowest else { break }
      bounds.remove(at: lowest.index + 1)
    }
    return Array(bounds.dropFirst())
  }

  private func ends(_ piece: [UInt8], _ table: TokenTable, _ merger: PieceMerger) -> [Int] {
    var merger = merger
    var ends: [Int] = []
    merger.forEachEnd(piece.span, 0..<piece.count, table) { ends.append($0) }
    return ends
  }

  private func pieces(in table: TokenTable) -> [[UInt8]] {
    var dice = Dice(state: 11)
    var pieces: [[UInt8]] = []
    for alphabet in ["ab", "aeinst", "abcdefghijklmnopqrstuvwxyz", " ", "=-", "é🙂中", "aA"] {
      let letters = Array(alphabet.utf8)
      for length in [2, 3, 17, 64, 150, 260] {
        pieces.append((0..<length).map { _ in letters[dice.roll(letters.count)] })
        pieces.append((0..<length).map { letters[$0 % letters.count] })
      }
    }
    pieces.append((0..<260).map { _ in UInt8(dice.roll(256)) })
    return pieces
  }

  @Test("yields what the definition yields: in line, in a heap, and in windows of any size")
  func equalsDefinition() throws {
    let table = try Tables.encoding(.cl100k).table
    for piece in pieces(in: table) {
      let expected = plainMerge(piece, table)
      #expect(ends(piece, table, PieceMerger(shortBytes: 1_000)) == expected)
      #expect(ends(piece, table, PieceMerger(shortBytes: 0)) == expected)
      for window in [2, 8, 24, 64, 100] {
        #expect(ends(piece, table, PieceMerger(shortBytes: 0, windowBytes: window)) == expected)
      }
    }
  }

  @Test("takes a run of 100,000 letters without a break")
  func longRun() throws {
    let encoding = try Tables.encoding(.cl100k)
    // "aaaaaaaa" is one token.
    let run = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
    #expect(encoding.count(run) == 12_500)
  }
}

/// A small generator with a fixed sequence.
private struct Dice {
  var state: UInt64

  mutating func roll(_ sides: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % sides
  }
}
