package import SluiceCore
package import SluicePipeline

/// Puts the book together again from records, in their order.
struct JournalReplay {
  var book: BudgetBook
  var switches: [Account: SwitchChange] = [:]
  private(set) var records = 0
  /// Settlements of holds that no record says.
  private(set) var orphans = 0

  // What the numbers of the file that is being read stand for.
  private var accounts: [UInt64: Int32] = [:]
  private var series: [UInt64: Int32] = [:]
  private var attributions: [UInt64: Attribution] = [:]

  init(into book: BudgetBook = BudgetBook()) { self.book = book }

  /// Numbers of the next file stand for other things.
  mutating func beginFile() {
    accounts = [:]
    series = [:]
    attributions = [:]
  }

  /// - Returns: whether the record can be true after those before it.
  mutating func apply(_ record: JournalRecord) -> Bool {
    records += 1
    switch record {
    case .header(let header): book.skip(to: header.lastHold)
    case .account(let number, let account, let period, let spent):
      accounts[number] = book.restore(account, in: period, spent: spent)
    case .series(let number, let account): series[number] = book.restoreSeries(account)
    case .attribution(let number, let attribution): attributions[number] = attribution
    case .hold(let hold): return apply(hold)
    case .settlement(let settled):
      let known = book.settle(settled.id, settled.settlement, at: settled.second)
      if known == nil { orphans += 1 }
    case .switchChange(let change, _): switches.take(change)
    case .marks(let number, let marks):
      guard let place = series[number] else { return false }
      book.series[Int(place)].series = marks
    case .end: break
    }
    return true
  }

  private mutating func apply(_ hold: JournalRecord.Hold) -> Bool {
    guard let attribution = attributions[hold.attribution], book.holds[hold.id] == nil else {
      return false
    }
    var open = BudgetBook.OpenHold(
      amount: hold.amount,
      accounts: [],
      series: [],
      attribution: attribution
    )
    for number in hold.accounts {
      guard let place = accounts[number] else { return false }
      open.accounts.append(place)
    }
    for number in hold.series {
      guard let place = series[number] else { return false }
      open.series.append(place)
    }
    book.restore(hold.id, open)
    return true
  }
}

extension [Account: SwitchChange] {
  /// Remembers what is thrown and forgets what is released.
  mutating func take(_ change: SwitchChange) {
    self[change.account] = change.action == nil ? nil : change
  }
}

/// What was found when the ledger was opened.
package struct LedgerRecovery: Sendable, Equatable {
  /// The checkpoint that was read; `nil`: none, so all of the journal was.
  package var checkpoint: UInt64?
  package var segments = 0
  package var records = 0
  /// Bytes behind the last whole record, which were dropped.
  package var tornBytes = 0
  /// Holds that were open when the process ended; they count as spent.
  package var openHolds = 0
  package var openAmount = NanoDollars.zero
  /// Settlements of holds that no record says; only a loss of power leaves such.
  package var orphans = 0
}

/// Why a ledger cannot be opened.
package enum LedgerDamage: Error, Sendable, Equatable {
  /// It cannot be read.
  case unreadable(LedgerFailure)
  /// At that byte, a segment says what no segment says, though whole records follow.
  case segment(UInt64, byte: Int)
  case checkpoint(UInt64, byte: Int)
  /// A segment between two others is not there.
  case missing(UInt64)
}

/// Reads what a medium holds.
struct JournalOpening {
  var replay: JournalReplay
  var recovery = LedgerRecovery()
  /// The segment to go on with, and how many of its bytes are whole records.
  var segment: UInt64 = 1
  var length = 0

  init(_ medium: any JournalMedium, into book: BudgetBook) throws(LedgerDamage) {
    replay = JournalReplay(into: book)
    let contents = try Self.reading { () throws(LedgerFailure) in try medium.contents() }
    let first = contents.checkpoints.last ?? 1
    if let number = contents.checkpoints.last {
      recovery.checkpoint = number
      let bytes = try Self.reading { () throws(LedgerFailure) in try medium.checkpoint(number) }
      try read(checkpoint: bytes, number)
    }
    let numbers = contents.segments.filter { $0 >= first }
    segment = first
    for (place, number) in numbers.enumerated() {
      guard number == first + UInt64(place) else { throw .missing(first + UInt64(place)) }
      let bytes = try Self.reading { () throws(LedgerFailure) in try medium.segment(number) }
      try read(segment: bytes, number)
      segment = number
      recovery.segments += 1
    }
    // A checkpoint is written after the segment that follows it was made.
    if numbers.isEmpty, recovery.checkpoint != nil { throw .missing(first) }
    recovery.records = replay.records
    recovery.orphans = replay.orphans
  }

  private mutating func read(segment bytes: [UInt8], _ number: UInt64) throws(LedgerDamage) {
    var reader = RecordReader(bytes)
    replay.beginFile()
    var isFirst = true
    while true {
      let start = reader.place
      switch reader.next() {
      case .record(let record):
        let header = JournalOpening.header(of: record)
        let fits = isFirst ? header?.segment == number && header?.isCheckpoint == false : true
        guard fits, replay.apply(record) else { throw .segment(number, byte: start) }
        isFirst = false
      case .corrupt: throw .segment(number, byte: start)
      case .over, .torn:
        length = reader.place
        recovery.tornBytes += bytes.count - reader.place
        return
      }
    }
  }

  private mutating func read(checkpoint bytes: [UInt8], _ number: UInt64) throws(LedgerDamage) {
    var reader = RecordReader(bytes)
    replay.beginFile()
    var last: JournalRecord?
    while case .record(let record) = reader.next() {
      let header = JournalOpening.header(of: record)
      let fits = last == nil ? header?.segment == number && header?.isCheckpoint == true : true
      guard fits, last != .end, replay.apply(record) else {
        throw .checkpoint(number, byte: reader.place)
      }
      last = record
    }
    guard last == .end, reader.place == bytes.count else {
      throw .checkpoint(number, byte: reader.place)
    }
  }

  private static func header(of record: JournalRecord) -> JournalHeader? {
    if case .header(let header) = record { header } else { nil }
  }

  private static func reading<Answer>(
    _ read: () throws(LedgerFailure) -> Answer
  ) throws(LedgerDamage) -> Answer {
    do throws(LedgerFailure) { return try read() } catch { throw .unreadable(error) }
  }
}
