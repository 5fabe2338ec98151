package import SluiceCore
package import SluicePipeline
package import SluicePolicy
internal import Synchronization

/// The ledger of one process: a book in memory, and a journal of what became of it.
///
/// Every decision is made in the book under one lock, and its record put behind the others in the
/// same step, so that the journal has the order of the decisions. Records are written in batches:
/// the first task of a turn that waits for its record leaves a flush for the end of the turn, which
/// writes whatever is there with one call and lets all of that turn's tasks go on. Settlements ride
/// along, or are written within `Bounds.ledgerDelayNanoseconds`; a crash before that counts the hold
/// as spent.
///
/// When a write fails, the batch stays, in order. With `deny`, the holds in it are given back and
/// new ones are `unavailable`; with `allow`, all goes on in memory. A try every second writes what
/// waits, or a checkpoint of the whole book if more came together than `Bounds.ledgerBacklogBytes`.
///
/// Segments follow each other by size and time; then a checkpoint replaces what was before. Rotation,
/// syncs and tries after a failure run as `LedgerHost.work`.
///
/// Safe from any thread. Locks: `writer` before `state`; nobody writes under `state`.
package final class JournaledLedger: Ledger {
  private let medium: any JournalMedium
  private let host: LedgerHost
  private let archive: (any SpendArchive)?
  private let state: Mutex<LedgerState>
  private let writer: Mutex<JournalWriter>
  /// What was found when it was opened.
  package let recovery: LedgerRecovery

  // MARK: Opening and closing

  /// Opens the ledger that `medium` holds; blocks while it is read.
  ///
  /// Holds that were open when the last process ended are settled at their amount. Segments that a
  /// checkpoint replaces go to `archive` before they are removed.
  ///
  /// - Throws: what is wrong with the bytes; none of them has been changed then.
  package init(
    _ medium: any JournalMedium,
    host: LedgerHost,
    archive: (any SpendArchive)? = nil,
    book: BudgetBook = BudgetBook()
  ) throws(LedgerDamage) {
    let opening = try JournalOpening(medium, into: book)
    self.medium = medium
    self.host = host
    self.archive = archive
    let now = host.now()
    var recovery = opening.recovery
    var state = LedgerState(opening.replay, segment: opening.segment)
    state.rotateAt = now.monotonic + LedgerState.segmentNanoseconds
    do throws(LedgerFailure) {
      try medium.prepare(opening.segment)
    } catch {
      throw .unreadable(error)
    }
    var writer = JournalWriter(medium, segment: opening.segment, length: opening.length)
    do throws(LedgerFailure) {
      try writer.smooth()
    } catch {
      // The first write begins with the same, and tells of its failure.
    }
    if opening.length == 0 { state.writeHeader(at: now) }
    recovery.openHolds = state.book.openHolds
    recovery.openAmount = state.book.held
    for id in state.book.holds.keys.sorted() {
      _ = state.settle(id, Settlement(.held), at: now)
    }
    self.recovery = recovery
    self.state = Mutex(state)
    self.writer = Mutex(writer)
    flush()
  }

  /// Tells the ledger what the policy says.
  package func configure(
    durability: ServerSettings.Durability,
    onFailure: ServerSettings.OnLedgerFailure
  ) {
    state.withLock { state in
      state.durability = durability
      state.onFailure = onFailure
    }
  }

  /// Writes all there is, a checkpoint included, and waits for the disk: off the loops, at the end.
  package func close() {
    flush()
    rotate()
    flush()
    sync()
  }

  // MARK: Holds

  package func hold(_ claim: Claim, at moment: Moment) -> HoldDecision {
    state.withLock { state in
      if state.outage != nil, state.onFailure == .deny { return .unavailable }
      return state.hold(claim, at: moment)
    }
  }

  package func recorded(
    _ hold: HoldID,
    in world: any World
  ) async throws(LedgerFailure) {
    let failure = await withCheckedContinuation { continuation in
      let turn = ObjectIdentifier(world)
      let isFirst = state.withLock { $0.wait(for: hold, in: turn, continuation) }
      if isFirst { world.atEndOfTurn { [self] in endTurn(turn) } }
    }
    if let failure { throw failure }
  }

  /// Writes what came together, and lets everybody of this turn go on.
  private func endTurn(_ turn: ObjectIdentifier) {
    let moment = host.now()
    flush(at: moment)
    let (releases, beginsSync) = state.withLock { $0.endTurn(turn, at: moment) }
    for release in releases { release.resume() }
    if beginsSync { host.work { [self] in syncForWaiters() } }
  }

  package func settle(
    _ hold: HoldID,
    _ settlement: Settlement,
    at moment: Moment
  ) -> NanoDollars {
    let (excess, isFirst) = state.withLock { state in
      let excess = state.settle(hold.number, settlement, at: moment)
      let isFirst = !state.isFlushDue && state.outage == nil
      if isFirst { state.isFlushDue = true }
      return (excess, isFirst)
    }
    if isFirst {
      host.later(Bounds.ledgerDelayNanoseconds) { [self] in
        state.withLock { $0.isFlushDue = false }
        flush()
      }
    }
    return excess
  }

  // MARK: Reading

  package func balance(of account: Account, in period: BudgetPeriod) -> Balance {
    state.withLock { $0.book.balance(of: account, in: period) }
  }

  /// What is spent and held on every account of `owner` in a period, the largest first.
  ///
  /// Complexity: looks at all accounts, under the lock. For a person, not for a request.
  package func balances(
    of owner: String,
    in period: BudgetPeriod
  ) -> [(key: String, balance: Balance)] {
    state.withLock { $0.book.balances(of: owner, in: period) }
      .sorted { left, right in
        let (most, other) = (left.1.spent + left.1.held, right.1.spent + right.1.held)
        return most == other ? left.0 < right.0 : most > other
      }
  }

  /// The owners for which something is spent or held in a period that is not over.
  ///
  /// Complexity: looks at all accounts, under the lock. For a reload, not for a request.
  package func owners(at moment: Moment) -> Set<String> {
    state.withLock { $0.book.owners(at: moment.wallSeconds) }
  }

  package func spending(
    on series: Account,
    within window: Int64,
    at moment: Moment
  ) -> NanoDollars {
    state.withLock { $0.book.spending(on: series, within: window, at: moment.wall) }
  }

  package var isWritable: Bool { state.withLock { $0.outage == nil } }

  package var usage: LedgerUsage { state.withLock { $0.usage } }

  // MARK: Switches

  package func record(_ change: SwitchChange, at moment: Moment) {
    let isKept = state.withLock { $0.take(change, at: moment) }
    if !isKept { host.tell(.switchNotKept(change.account)) }
    flush()
  }

  /// The switches that are thrown, by account.
  package func switches(at moment: Moment) -> [SwitchChange] {
    state.withLock { state in
      state.switches.values.filter { $0.until.map { $0 > moment.wallSecond } ?? true }
    }
    .sorted { ($0.account.owner, $0.account.key) < ($1.account.owner, $1.account.key) }
  }

  // MARK: Writing

  /// Writes what waits, with one call if the medium takes it.
  ///
  /// - Parameters:
  ///   - isProbe: whether to try although the last try failed.
  ///   - moment: now, if somebody has read the clock.
  /// - Returns: whether all that was there is written.
  @discardableResult
  private func flush(isProbe: Bool = false, at moment: Moment? = nil) -> Bool {
    let (isWritten, length) = writer.withLock { writer in
      guard let batch = state.withLock({ $0.takeBatch(isProbe: isProbe) }) else {
        return (true, writer.length)
      }
      do throws(LedgerFailure) {
        try writer.write(batch.bytes)
      } catch {
        fail(error) { $0.giveBack(batch) }
        return (false, writer.length)
      }
      state.withLock { $0.wrote(batch) }
      return (true, writer.length)
    }
    if isWritten { arrange(after: length, at: moment ?? host.now()) }
    return isWritten
  }

  /// Has synced in time what was written, and begins the next segment when this one is full.
  private func arrange(after length: Int, at moment: Moment) {
    let (syncs, rotates) = state.withLock {
      $0.arrangements(length: length, at: moment.monotonic)
    }
    if syncs {
      host.later(Bounds.ledgerSyncNanoseconds) { [self] in
        state.withLock { $0.isSyncDue = false }
        host.work { [self] in sync() }
      }
    }
    if rotates { host.work { [self] in rotate() } }
  }

  /// Waits for the disk, on a thread that may.
  ///
  /// - Returns: whether all that was written is safe.
  @discardableResult
  private func sync() -> Bool {
    let segments = state.withLock { state in
      defer { state.unsynced = [] }
      return state.unsynced
    }
    do throws(LedgerFailure) {
      for segment in segments { try medium.sync(segment) }
      return true
    } catch {
      fail(error) { $0.unsynced = segments + $0.unsynced }
      return false
    }
  }

  /// One sync for all that wait, again and again until nobody waits.
  private func syncForWaiters() {
    while true {
      let waiters = state.withLock { $0.takeSyncing() }
      guard !waiters.isEmpty else { return }
      let isSafe = sync()
      let moment = host.now()
      let releases = state.withLock { state in
        isSafe ? waiters : waiters.map { state.lose($0, at: moment) }
      }
      for release in releases { release.resume() }
    }
  }

  // MARK: Failing

  /// Notes that a write or a sync failed; the first one in a row is told, and tried again later.
  private func fail(_ failure: LedgerFailure, _ restore: (inout LedgerState) -> Void) {
    let moment = host.now()
    let isNew = state.withLock { state in
      let isNew = state.fail(failure, at: moment)
      restore(&state)
      return isNew
    }
    guard isNew else { return }
    host.tell(.failed(failure))
    retryLater()
  }

  private func retryLater() {
    host.later(Bounds.ledgerProbeNanoseconds) { [self] in host.work { [self] in retry() } }
  }

  private func retry() {
    if state.withLock({ $0.outage?.needsCheckpoint == true }) { rotate() }
    let isWritten = flush(isProbe: true) && sync()
    let now = host.now()
    let lasted = state.withLock { isWritten ? $0.recover(at: now) : nil }
    guard let lasted else {
      if !isWritable { retryLater() }
      return
    }
    host.tell(.recovered(after: lasted))
  }

  // MARK: Segments

  /// Begins the next segment and replaces those before it by a checkpoint; waits for the disk.
  ///
  /// Between two records the book is copied and the segment changed, so that the checkpoint is
  /// exactly what the segments before it say. Where records were lost, nothing is written behind the
  /// cut before the checkpoint is safe.
  private func rotate() {
    guard let next = state.withLock({ $0.beginRotation() }) else { return }
    defer { state.withLock { $0.isRotating = false } }
    do throws(LedgerFailure) {
      try medium.prepare(next)
    } catch {
      return checkpointFailed(error)
    }
    let now = host.now()
    let cut = writer.withLock { writer in
      let cut = state.withLock { $0.cut(to: next, at: now) }
      if let batch = cut.batch {
        do throws(LedgerFailure) {
          try writer.write(batch.bytes)
          state.withLock { $0.wrote(batch) }
        } catch {
          fail(error) { $0.outage?.needsCheckpoint = true }
        }
      }
      writer.turn(to: next)
      return cut
    }
    do throws(LedgerFailure) {
      try medium.store(cut.checkpoint(of: next, at: now.wallSecond), as: next)
      state.withLock { $0.stored(cut) }
      try archiveSegments(before: next)
      try medium.remove(before: next)
    } catch {
      checkpointFailed(error)
    }
  }

  /// Adds what the segments before the checkpoint say to the archive; each counts once.
  private func archiveSegments(before next: UInt64) throws(LedgerFailure) {
    guard let archive else { return }
    for number in try medium.contents().segments where number < next {
      guard let tally = SpendTally(segment: try medium.segment(number)) else {
        throw LedgerFailure(reason: "segment \(number) is damaged")
      }
      try archive.fold(tally.totals, segment: number)
    }
  }

  /// Writes what waits, so that who reads the journal now finds all that settled; any thread.
  package func writeOut() { flush() }

  private func checkpointFailed(_ failure: LedgerFailure) {
    let now = host.now().monotonic
    state.withLock { $0.rotateNotBefore = now + Bounds.ledgerCheckpointRetryNanoseconds }
    host.tell(.checkpointFailed(failure))
  }
}

extension JournaledLedger {
  /// A ledger for graphs that nobody is served by: it forgets with the process and writes nothing.
  package static func unused() -> JournaledLedger {
    let host = LedgerHost(
      later: { _, _ in },
      work: { _ in },
      now: { Moment(monotonic: 0, wall: 0) },
      tell: { _ in }
    )
    do throws(LedgerDamage) {
      return try JournaledLedger(MemoryJournal(), host: host)
    } catch {
      preconditionFailure("an empty journal is not damaged")
    }
  }
}

extension Moment {
  /// Seconds since 1970.
  var wallSecond: Int64 { wall.quotientRoundedDown(by: 1_000_000_000) }
}

extension Int64 {
  fileprivate func quotientRoundedDown(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
