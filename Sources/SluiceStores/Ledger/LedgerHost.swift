package import SluiceCore
package import SluicePipeline

/// What a ledger needs of the process around it.
package struct LedgerHost: Sendable {
  /// Runs an action after so many nanoseconds, on a thread that serves no traffic.
  package var later: @Sendable (Int64, @escaping @Sendable () -> Void) -> Void
  /// Runs work that may wait for a disk, on a thread of its own.
  package var work: @Sendable (@escaping @Sendable () -> Void) -> Void
  package var now: @Sendable () -> Moment
  package var tell: @Sendable (LedgerNotice) -> Void

  package init(
    later: @escaping @Sendable (Int64, @escaping @Sendable () -> Void) -> Void,
    work: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
    now: @escaping @Sendable () -> Moment,
    tell: @escaping @Sendable (LedgerNotice) -> Void
  ) {
    self.later = later
    self.work = work
    self.now = now
    self.tell = tell
  }
}

/// What an operator should know of a ledger.
package enum LedgerNotice: Sendable, Equatable {
  /// Records cannot be written from now on.
  case failed(LedgerFailure)
  /// Records are written again, after so many nanoseconds.
  case recovered(after: Int64)
  /// A checkpoint could not be written; the journal grows until one can.
  case checkpointFailed(LedgerFailure)
  /// A switch holds in this process only: too many are in force (`Bounds.ledgerSwitches`).
  case switchNotKept(Account)
}

/// What a ledger holds, for its gauges.
package struct LedgerUsage: Sendable, Equatable {
  package var accounts = 0
  package var openHolds = 0
  package var held = NanoDollars.zero
  package var isWritable = true
  /// Tries to write that failed, since the start.
  package var failures: Int64 = 0
  /// Holds that went on without a record, since the start (`on_ledger_failure: allow`).
  package var unrecorded: Int64 = 0
  /// Bytes that the journal grew by, since the start.
  package var bytes: UInt64 = 0

  package init() {}
}
