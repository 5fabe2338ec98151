internal import SluiceCore
internal import SluicePipeline
internal import SluicePolicy

/// A task that waits until the record of its hold is written, or safe.
struct RecordWaiter {
  let hold: HoldID
  private let continuation: CheckedContinuation<LedgerFailure?, Never>
  /// What it is told.
  fileprivate var failure: LedgerFailure?

  init(hold: HoldID, continuation: CheckedContinuation<LedgerFailure?, Never>) {
    self.hold = hold
    self.continuation = continuation
  }

  func resume() { continuation.resume(returning: failure) }
}

/// Records that are written together.
struct RecordBatch {
  var segment: UInt64
  var bytes: [UInt8]
  /// The last hold whose record is in it, or before it.
  var lastHold: UInt64
}

/// What a ledger keeps behind its lock: the book, the records that wait, and who waits for them.
///
/// Decides and encodes; never reads a clock, writes, or calls anybody.
struct LedgerState {
  static let segmentNanoseconds = Bounds.ledgerSegmentSeconds * 1_000_000_000

  /// A time in which records cannot be written.
  struct Outage {
    var failure: LedgerFailure
    var since: Int64
    /// Whether a checkpoint must be safe before anything else is written: records before it are
    /// lost.
    var needsCheckpoint = false
    /// Whether records are dropped: the next checkpoint will say what they would.
    var dropsRecords = false
  }

  /// The point between two records where a segment ends.
  struct Cut {
    /// What is still to be written to the segment that ends.
    var batch: RecordBatch?
    var book: BudgetBook
    var switches: [SwitchChange]
  }

  var book: BudgetBook
  private(set) var switches: [Account: SwitchChange]
  var durability = ServerSettings.Durability.process
  var onFailure = ServerSettings.OnLedgerFailure.deny

  private var segment: UInt64
  private var pending = RecordWriter()
  /// The memory of the last batch, for the next.
  private var spare: [UInt8] = []
  /// The last hold whose record is written; records have the order of their holds.
  private var written: UInt64
  private var bytesWritten: UInt64 = 0
  private var attributions: [Attribution: UInt64] = [:]
  private var lastAttribution: UInt64 = 0
  /// The one that was named last: comparing is cheaper than hashing six texts.
  private var lastNamed: (attribution: Attribution, number: UInt64)?

  /// Who waits for the end of a turn, by the world whose turn it is.
  private var turns: [ObjectIdentifier: [RecordWaiter]] = [:]
  /// Who waits for a sync.
  private var syncing: [RecordWaiter] = []
  private var isSyncing = false
  var unsynced: [UInt64] = []

  var outage: Outage?
  var isFlushDue = false
  var isSyncDue = false
  var isRotating = false
  /// In monotonic nanoseconds.
  var rotateAt = Int64.max
  var rotateNotBefore = Int64.min
  private var failures: Int64 = 0
  private var unrecorded: Int64 = 0

  init(_ replay: JournalReplay, segment: UInt64) {
    book = replay.book
    switches = replay.switches
    self.segment = segment
    written = book.lastHold
  }

  var usage: LedgerUsage {
    var usage = LedgerUsage()
    usage.accounts = book.accountCount
    usage.openHolds = book.openHolds
    usage.held = book.held
    usage.isWritable = outage == nil
    usage.failures = failures
    usage.unrecorded = unrecorded
    usage.bytes = bytesWritten
    return usage
  }

  // MARK: Records

  mutating func writeHeader(at moment: Moment) {
    let header = JournalHeader(
      segment: segment,
      lastHold: book.lastHold,
      writtenAt: moment.wallSecond
    )
    append { $0.header(header) }
  }

  /// Holds what the claim asks for, and records it and what its numbers stand for.
  mutating func hold(_ claim: Claim, at moment: Moment) -> HoldDecision {
    let second = moment.wallSecond
    let id: UInt64
    var hold: BudgetBook.OpenHold
    switch book.rule(on: claim, at: second) {
    case .granted(let number, let granted): (id, hold) = (number, granted)
    case .refused(let decision): return decision
    }
    for number in hold.accounts where book.entries[Int(number)].definedIn != segment {
      let entry = book.entries[Int(number)]
      append { $0.account(Int(number), entry) }
      book.entries[Int(number)].definedIn = segment
    }
    for number in hold.series where book.series[Int(number)].definedIn != segment {
      let account = book.series[Int(number)].account
      append { $0.series(Int(number), account) }
      book.series[Int(number)].definedIn = segment
    }
    name(&hold)
    append { $0.hold(id, hold, at: second) }
    book.keep(hold, as: id)
    return .held(HoldID(id))
  }

  /// - Returns: what went beyond the hold.
  mutating func settle(
    _ id: UInt64,
    _ settlement: Settlement,
    at moment: Moment
  ) -> NanoDollars {
    let second = moment.wallSecond
    guard let settled = book.settle(id, settlement, at: second) else {
      preconditionFailure("a hold is settled once")
    }
    var hold = settled.hold
    name(&hold)
    var booked = settlement
    booked.cost = settled.cost
    append { $0.settlement(of: id, attribution: hold.attributionNumber, booked, at: second) }
    return max(.zero, settled.cost - hold.amount)
  }

  /// - Returns: whether there was room to keep it.
  mutating func take(_ change: SwitchChange, at moment: Moment) -> Bool {
    let second = moment.wallSecond
    if switches.count >= Bounds.ledgerSwitches {
      switches = switches.filter { $0.value.until.map { $0 > second } ?? true }
    }
    guard change.action == nil || switches.count < Bounds.ledgerSwitches else { return false }
    switches.take(change)
    append { $0.change(change, at: second) }
    return true
  }

  /// Has the hold's attribution have a number in this segment.
  private mutating func name(_ hold: inout BudgetBook.OpenHold) {
    guard hold.segment != segment else { return }
    hold.segment = segment
    if let lastNamed, lastNamed.attribution == hold.attribution {
      hold.attributionNumber = lastNamed.number
      return
    }
    if let number = attributions[hold.attribution] {
      hold.attributionNumber = number
      lastNamed = (hold.attribution, number)
      return
    }
    if attributions.count >= Bounds.ledgerAttributions { attributions = [:] }
    lastAttribution += 1
    attributions[hold.attribution] = lastAttribution
    hold.attributionNumber = lastAttribution
    let attribution = hold.attribution
    let number = lastAttribution
    lastNamed = (attribution, number)
    append { $0.attribution(number, attribution) }
  }

  private mutating func append(_ write: (inout RecordWriter) -> Void) {
    if let outage {
      guard !outage.dropsRecords else { return }
      if pending.bytes.count >= Bounds.ledgerBacklogBytes {
        pending.bytes = []
        self.outage?.dropsRecords = true
        self.outage?.needsCheckpoint = true
        return
      }
    }
    write(&pending)
  }

  // MARK: Waiting

  /// - Returns: whether nobody of that turn waited before.
  mutating func wait(
    for hold: HoldID,
    in turn: ObjectIdentifier,
    _ continuation: CheckedContinuation<LedgerFailure?, Never>
  ) -> Bool {
    let waiter = RecordWaiter(hold: hold, continuation: continuation)
    return turns[turn, default: []].adds(waiter)
  }

  /// Who of that turn may go on, after a flush; and whether somebody begins to wait for a sync.
  mutating func endTurn(_ turn: ObjectIdentifier, at moment: Moment) -> ([RecordWaiter], Bool) {
    let waiters = turns.removeValue(forKey: turn) ?? []
    // As nearly always: all is written, and that is all that is promised.
    let syncs = durability == .power && outage == nil
    if !syncs, waiters.allSatisfy({ $0.hold.number <= written }) { return (waiters, false) }
    var releases: [RecordWaiter] = []
    var beginsSync = false
    for waiter in waiters {
      if waiter.hold.number > written {
        releases.append(lose(waiter, at: moment))
      } else if syncs {
        syncing.append(waiter)
        beginsSync = !isSyncing
        isSyncing = true
      } else {
        releases.append(waiter)
      }
    }
    return (releases, beginsSync)
  }

  /// What a waiter is told whose record cannot be written: with `deny`, its hold is given back.
  mutating func lose(_ waiter: RecordWaiter, at moment: Moment) -> RecordWaiter {
    if onFailure == .allow {
      unrecorded += 1
      return waiter
    }
    _ = settle(waiter.hold.number, Settlement(.nothing), at: moment)
    var waiter = waiter
    waiter.failure = outage?.failure ?? LedgerFailure(reason: "not written")
    return waiter
  }

  /// Everybody who waits for a sync; when there is nobody, the next one begins it.
  mutating func takeSyncing() -> [RecordWaiter] {
    defer { syncing = [] }
    if syncing.isEmpty { isSyncing = false }
    return syncing
  }

  // MARK: Writing

  /// What waits to be written; `nil` if nothing does, or if it is of no use to try.
  mutating func takeBatch(isProbe: Bool) -> RecordBatch? {
    if let outage, !isProbe || outage.needsCheckpoint { return nil }
    return pending.bytes.isEmpty ? nil : takePending()
  }

  private mutating func takePending() -> RecordBatch {
    let bytes = pending.bytes
    pending.bytes = spare
    spare = []
    return RecordBatch(segment: segment, bytes: bytes, lastHold: book.lastHold)
  }

  /// Puts a batch that was not written back before what came since.
  mutating func giveBack(_ batch: RecordBatch) {
    if outage?.dropsRecords == true { return }
    pending.bytes = batch.bytes + pending.bytes
  }

  mutating func wrote(_ batch: consuming RecordBatch) {
    written = batch.lastHold
    bytesWritten += UInt64(batch.bytes.count)
    if !unsynced.contains(batch.segment) { unsynced.append(batch.segment) }
    guard batch.bytes.capacity <= Bounds.ledgerRecordBytes else { return }
    spare = batch.bytes
    spare.removeAll(keepingCapacity: true)
  }

  /// What is to be done after a flush: whether to sync later, and whether to begin a segment.
  mutating func arrangements(length: Int, at now: Int64) -> (syncs: Bool, rotates: Bool) {
    let syncs = !unsynced.isEmpty && !isSyncDue && !isSyncing && outage == nil
    if syncs { isSyncDue = true }
    let isFull = length >= Bounds.ledgerSegmentBytes || now >= rotateAt
    return (syncs, isFull && now >= rotateNotBefore && !isRotating && outage == nil)
  }

  // MARK: Failing

  /// - Returns: whether it is the first failure in a row.
  mutating func fail(_ failure: LedgerFailure, at moment: Moment) -> Bool {
    failures += 1
    guard outage == nil else { return false }
    outage = Outage(failure: failure, since: moment.monotonic)
    return true
  }

  /// Ends an outage after everything was written.
  ///
  /// - Returns: how long it lasted, in nanoseconds; `nil` if it is not over.
  mutating func recover(at moment: Moment) -> Int64? {
    guard let outage, !outage.needsCheckpoint else { return nil }
    self.outage = nil
    return moment.monotonic - outage.since
  }

  // MARK: Segments

  /// - Returns: the number of the next segment; `nil` if somebody is at it.
  mutating func beginRotation() -> UInt64? {
    guard !isRotating else { return nil }
    isRotating = true
    return segment + 1
  }

  /// Ends the segment here, and begins the next one.
  mutating func cut(to next: UInt64, at moment: Moment) -> Cut {
    let isLost = outage?.needsCheckpoint == true
    // After an outage the copy says all that the batch would, and nobody may write before it.
    let batch = isLost || pending.bytes.isEmpty ? nil : takePending()
    if isLost { pending.bytes = [] }
    outage?.dropsRecords = false
    let cut = Cut(batch: batch, book: book, switches: Array(switches.values))
    segment = next
    attributions = [:]
    lastNamed = nil
    lastAttribution = 0
    rotateAt = moment.monotonic + Self.segmentNanoseconds
    writeHeader(at: moment)
    return cut
  }

  /// The checkpoint of a cut is safe.
  mutating func stored(_ cut: Cut) {
    written = max(written, cut.book.lastHold)
    unsynced.removeAll { $0 < segment }
    if outage?.dropsRecords == false { outage?.needsCheckpoint = false }
  }
}

extension LedgerState.Cut {
  /// The records that say what the book held.
  func checkpoint(of segment: UInt64, at second: Int64) -> [UInt8] {
    var writer = RecordWriter()
    writer.header(
      JournalHeader(
        isCheckpoint: true,
        segment: segment,
        lastHold: book.lastHold,
        writtenAt: second
      )
    )
    for (number, entry) in book.entries.enumerated() where entry.isUsed {
      writer.account(number, entry)
    }
    for (number, entry) in book.series.enumerated() where entry.isUsed {
      writer.series(number, entry.account)
      writer.marks(of: number, entry.series)
    }
    var numbers: [Attribution: UInt64] = [:]
    for (id, open) in book.holds.sorted(by: { $0.key < $1.key }) {
      var hold = open
      hold.attributionNumber = numbers[hold.attribution] ?? UInt64(numbers.count)
      if numbers.updateValue(hold.attributionNumber, forKey: hold.attribution) == nil {
        writer.attribution(hold.attributionNumber, hold.attribution)
      }
      writer.hold(id, hold, at: second)
    }
    for change in switches { writer.change(change, at: second) }
    writer.end()
    return writer.bytes
  }
}

extension [RecordWaiter] {
  /// - Returns: whether it is the only one.
  fileprivate mutating func adds(_ waiter: RecordWaiter) -> Bool {
    append(waiter)
    return count == 1
  }
}
