internal import SluiceCore
internal import SluiceDialects
internal import SluicePipeline
internal import SluicePolicy

/// What a record of the journal says.
///
/// Numbers stay what they are: files outlive programs.
enum RecordKind: UInt8, Sendable {
  /// The first record of every file.
  case header = 1
  /// From here on, a number stands for an account, a series, an attribution.
  case account = 2
  case series = 3
  case attribution = 4
  case hold = 5
  case settlement = 6
  case switchChange = 7
  /// Of checkpoints only: the marks of a series.
  case marks = 8
  /// Of checkpoints only: nothing is missing.
  case end = 9
}

/// Appends records to bytes.
///
/// A record is the length of its body and the CRC-32C of length and body, both as four bytes with
/// the lowest first, and the body: its kind and then its fields. Numbers are LEB128, texts UTF-8
/// behind their length. Docs/ledger.md has the table.
struct RecordWriter: Sendable {
  static let frameBytes = 8
  static let version: UInt64 = 1

  var bytes: [UInt8] = []

  mutating func header(_ header: JournalHeader) {
    let start = begin(.header)
    text("sluice-ledger")
    number(Self.version)
    number(header.isCheckpoint ? 1 : 0)
    number(header.segment)
    number(header.lastHold)
    time(header.writtenAt)
    end(start)
  }

  mutating func account(_ number: Int, _ entry: BudgetBook.Entry) {
    let start = begin(.account)
    self.number(UInt64(number))
    text(entry.account.owner)
    text(entry.account.key)
    time(entry.period.start)
    time(entry.period.end)
    money(entry.spent)
    end(start)
  }

  mutating func series(_ number: Int, _ account: Account) {
    let start = begin(.series)
    self.number(UInt64(number))
    text(account.owner)
    text(account.key)
    end(start)
  }

  mutating func attribution(_ number: UInt64, _ attribution: Attribution) {
    let start = begin(.attribution)
    self.number(number)
    text(attribution.tenant)
    text(attribution.user)
    text(attribution.tier)
    text(attribution.product)
    text(attribution.tag)
    text(attribution.model)
    end(start)
  }

  mutating func hold(_ id: UInt64, _ hold: BudgetBook.OpenHold, at second: Int64) {
    let start = begin(.hold)
    number(id)
    time(second)
    money(hold.amount)
    number(hold.attributionNumber)
    number(UInt64(hold.accounts.count))
    for account in hold.accounts { number(UInt64(account)) }
    number(UInt64(hold.series.count))
    for account in hold.series { number(UInt64(account)) }
    end(start)
  }

  mutating func settlement(
    of id: UInt64,
    attribution: UInt64,
    _ settlement: Settlement,
    at second: Int64
  ) {
    let start = begin(.settlement)
    number(id)
    time(second)
    number(attribution)
    number(settlement.basis.code)
    money(settlement.cost)
    if let usage = settlement.usage {
      number(1)
      number(UInt64(max(0, usage.prompt)))
      number(UInt64(max(0, usage.cached)))
      number(UInt64(max(0, usage.completion)))
      number(UInt64(max(0, usage.reasoning)))
    } else {
      number(0)
    }
    end(start)
  }

  mutating func change(_ change: SwitchChange, at second: Int64) {
    let start = begin(.switchChange)
    time(second)
    text(change.account.owner)
    text(change.account.key)
    text(change.action?.rawValue ?? "")
    time(change.until ?? .min)
    text(change.by)
    text(change.reason)
    end(start)
  }

  mutating func marks(of number: Int, _ series: SpendSeries) {
    let start = begin(.marks)
    self.number(UInt64(number))
    money(series.total)
    self.number(UInt64(series.marks.count))
    var before: Int64 = 0
    for mark in series.marks {
      time(mark.start - before)
      time(mark.end - mark.start)
      money(mark.before)
      before = mark.start
    }
    end(start)
  }

  mutating func end() {
    let start = begin(.end)
    end(start)
  }

  // MARK: Frames and fields

  private mutating func begin(_ kind: RecordKind) -> Int { begin(code: kind.rawValue) }

  mutating func begin(code: UInt8) -> Int {
    let start = bytes.count
    for _ in 0..<Self.frameBytes { bytes.append(0) }
    bytes.append(code)
    return start
  }

  mutating func end(_ start: Int) {
    put(UInt32(bytes.count - start - Self.frameBytes), at: start)
    put(Self.checksum(of: bytes, frame: start, end: bytes.count), at: start + 4)
  }

  /// Of the length and the body, as one number: both are covered.
  static func checksum(of bytes: [UInt8], frame: Int, end: Int) -> UInt32 {
    CRC32C.of(bytes, in: frame + frameBytes..<end) ^ UInt32(end - frame - frameBytes) &* 0x9e37_79b9
  }

  private mutating func put(_ word: UInt32, at place: Int) {
    bytes[place] = UInt8(truncatingIfNeeded: word)
    bytes[place + 1] = UInt8(truncatingIfNeeded: word >> 8)
    bytes[place + 2] = UInt8(truncatingIfNeeded: word >> 16)
    bytes[place + 3] = UInt8(truncatingIfNeeded: word >> 24)
  }

  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A time, which may lie before what it is counted from.
  mutating func time(_ value: Int64) {
    number(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// Never negative.
  private mutating func money(_ value: NanoDollars) { number(UInt64(max(0, value.count))) }

  mutating func text(_ value: String) { run(value.utf8) }

  /// Bytes behind their count.
  mutating func run(_ run: some Collection<UInt8>) {
    number(UInt64(run.count))
    bytes.append(contentsOf: run)
  }
}

extension Settlement.Basis {
  /// In records.
  var code: UInt64 {
    switch self {
    case .nothing: 0
    case .reported: 1
    case .counted: 2
    case .held: 3
    }
  }

  init?(code: UInt64) {
    guard let basis = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = basis
  }
}
