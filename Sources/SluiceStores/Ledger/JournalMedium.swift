package import SluicePipeline

/// Where the bytes of the journal and of its checkpoints lie.
///
/// Segments and checkpoints are numbered; checkpoint *n* holds what all segments before *n* say. The
/// gateway keeps them in files, tests in memory.
///
/// Isolation: any thread; `append` and `cut` are called by one at a time, and block for no longer
/// than a write to the page cache. The others may wait for a disk.
package protocol JournalMedium: Sendable {
  /// What is there.
  func contents() throws(LedgerFailure) -> JournalContents

  func segment(_ number: UInt64) throws(LedgerFailure) -> [UInt8]
  func checkpoint(_ number: UInt64) throws(LedgerFailure) -> [UInt8]

  /// Has a segment be there, made empty if it is missing.
  func prepare(_ segment: UInt64) throws(LedgerFailure)

  /// Appends bytes to a segment that was prepared.
  ///
  /// - Returns: how many; fewer than there are only if there is no room for more.
  func append(_ bytes: Span<UInt8>, to segment: UInt64) throws(LedgerFailure) -> Int

  /// Cuts a segment back to its first `count` bytes.
  func cut(_ segment: UInt64, to count: Int) throws(LedgerFailure)

  /// Waits until what was appended to a segment survives a loss of power.
  func sync(_ segment: UInt64) throws(LedgerFailure)

  /// Keeps a checkpoint: all of it, durably, or nothing.
  func store(_ checkpoint: [UInt8], as number: UInt64) throws(LedgerFailure)

  /// Removes all segments and checkpoints before a number.
  func remove(before number: UInt64) throws(LedgerFailure)
}

/// The numbers of what a medium holds, ascending.
package struct JournalContents: Sendable, Equatable {
  package var segments: [UInt64]
  package var checkpoints: [UInt64]

  package init(segments: [UInt64] = [], checkpoints: [UInt64] = []) {
    self.segments = segments
    self.checkpoints = checkpoints
  }
}
