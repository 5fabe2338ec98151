package import SluiceCore
internal import SluicePipeline

/// Who spent what, from the archive and from the journal behind it.
package struct SpendReport: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    /// Of the dimension that was asked for; the empty string where there is none.
    package var name: String
    package var totals: SpendTotals
  }

  package var dimension: SpendDimension
  /// Seconds since 1970, whole hours: from the first to before the second.
  package var since: Int64
  package var until: Int64
  /// The dearest first.
  package var rows: [Row]
  package var total: SpendTotals
  /// Holds that were open when the journal was read, and their amount.
  package var openHolds: Int
  package var held: NanoDollars

  /// How often the files are read again because a segment was folded away meanwhile.
  private static let tries = 4

  /// Reads what has settled up to now; a gateway may be writing meanwhile.
  ///
  /// Hours that overlap the range count whole.
  package init(
    by dimension: SpendDimension,
    since: Int64,
    until: Int64,
    journal: any JournalMedium,
    archive: (any SpendArchive)?
  ) throws(LedgerDamage) {
    self.dimension = dimension
    self.since = since.roundedDown(to: SpendTally.hour)
    self.until = -(-until).roundedDown(to: SpendTally.hour)
    var damage: LedgerDamage?
    for _ in 0..<Self.tries {
      do throws(LedgerDamage) {
        let sums = try Self.sums(by: dimension, self.since, self.until, journal, archive)
        guard let sums else { continue }
        let opening = try JournalOpening(journal, into: BudgetBook())
        rows = sums.map { Row(name: $0.key, totals: $0.value) }
          .sorted { ($1.totals.cost, $0.name) < ($0.totals.cost, $1.name) }
        total = rows.reduce(into: SpendTotals()) { $0 += $1.totals }
        openHolds = opening.replay.book.openHolds
        held = opening.replay.book.held
        return
      } catch {
        // A rotation removes what is being read; then there is something newer to read.
        damage = error
      }
    }
    throw damage ?? .unreadable(LedgerFailure(reason: "the journal changes too fast"))
  }

  /// - Returns: `nil` if a segment was folded in meanwhile.
  private static func sums(
    by dimension: SpendDimension,
    _ since: Int64,
    _ until: Int64,
    _ journal: any JournalMedium,
    _ archive: (any SpendArchive)?
  ) throws(LedgerDamage) -> [String: SpendTotals]? {
    do throws(LedgerFailure) {
      var (sums, last) = try archive?.totals(by: dimension, from: since, until: until) ?? ([:], 0)
      for number in try journal.contents().segments where number > last {
        let bytes = try journal.segment(number)
        guard let tally = SpendTally(segment: bytes) else {
          return try nilIfFolded(archive, last)
        }
        for (key, totals) in tally.totals where (since..<until).contains(key.hour) {
          sums[dimension.value(of: key.attribution), default: SpendTotals()] += totals
        }
      }
      guard try archive?.lastSegment() ?? 0 == last else { return nil }
      return sums
    } catch {
      throw .unreadable(error)
    }
  }

  private static func nilIfFolded(
    _ archive: (any SpendArchive)?,
    _ last: UInt64
  ) throws(LedgerFailure) -> [String: SpendTotals]? {
    guard try archive?.lastSegment() ?? 0 == last else { return nil }
    throw LedgerFailure(reason: "a segment of the journal is damaged")
  }
}

extension Int64 {
  fileprivate func roundedDown(to step: Int64) -> Int64 {
    self - (self % step + step) % step
  }
}
