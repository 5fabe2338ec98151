internal import SluiceCore
internal import SluicePipeline

/// Appends batches to a segment, each whole or not at all.
struct JournalWriter {
  private let medium: any JournalMedium
  private(set) var segment: UInt64
  /// Bytes of the segment that are whole records.
  private(set) var length: Int
  /// Whether the segment may be longer than that.
  private var isRagged: Bool

  /// Goes on with `segment`, of which `length` bytes count.
  init(_ medium: any JournalMedium, segment: UInt64, length: Int) {
    self.medium = medium
    self.segment = segment
    self.length = length
    isRagged = true
  }

  /// Goes on with another segment, which is empty.
  mutating func turn(to segment: UInt64) {
    self.segment = segment
    length = 0
    isRagged = true
  }

  /// Appends all bytes; if there is no room for all, none of them stays.
  ///
  /// A part that cannot be cut off at once is cut off before anything else is written.
  mutating func write(_ bytes: [UInt8]) throws(LedgerFailure) {
    try smooth()
    var written = 0
    do throws(LedgerFailure) {
      while written < bytes.count {
        let count = try medium.append(bytes.span.extracting(written...), to: segment)
        guard count > 0 else { throw LedgerFailure(reason: "nothing was written") }
        written += count
      }
    } catch {
      isRagged = true
      do throws(LedgerFailure) {
        try smooth()
      } catch {
        // The first failure is the one to tell; the next write begins here again.
      }
      throw error
    }
    length += written
  }

  /// Cuts off what is no whole record, if anything is.
  mutating func smooth() throws(LedgerFailure) {
    guard isRagged else { return }
    try medium.cut(segment, to: length)
    isRagged = false
  }
}
