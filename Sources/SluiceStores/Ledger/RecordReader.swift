internal import SluiceCore
internal import SluiceDialects
internal import SluicePipeline
internal import SluicePolicy

/// What the first record of a segment or checkpoint says.
struct JournalHeader: Sendable, Equatable {
  var isCheckpoint = false
  /// Of the segment; of a checkpoint, the first segment that is not in it.
  var segment: UInt64
  var lastHold: UInt64
  /// Seconds since 1970.
  var writtenAt: Int64
}

/// A record as it was read.
enum JournalRecord: Sendable, Equatable {
  struct Hold: Sendable, Equatable {
    var id: UInt64
    var second: Int64
    var amount: NanoDollars
    var attribution: UInt64
    var accounts: [UInt64]
    var series: [UInt64]
  }

  struct Settled: Sendable, Equatable {
    var id: UInt64
    var second: Int64
    var attribution: UInt64
    var settlement: Settlement
  }

  case header(JournalHeader)
  case account(number: UInt64, Account, BudgetPeriod, spent: NanoDollars)
  case series(number: UInt64, Account)
  case attribution(number: UInt64, Attribution)
  case hold(Hold)
  case settlement(Settled)
  case switchChange(SwitchChange, second: Int64)
  case marks(number: UInt64, SpendSeries)
  case end
}

/// Takes the records of one file apart.
struct RecordReader {
  enum Next: Equatable {
    case record(JournalRecord)
    /// The file is over, after a whole record.
    case over
    /// From here on there is no whole record: a write that did not come to its end.
    case torn
    /// A damaged record with a whole one behind it, or one that says what no record says.
    case corrupt
  }

  let bytes: [UInt8]
  /// Behind the last whole record.
  private(set) var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Next {
    if place == bytes.count { return .over }
    guard let end = endOfRecord(at: place) else { return isFollowedByRecord ? .corrupt : .torn }
    var fields = RecordFields(bytes: bytes, place: place + RecordWriter.frameBytes, end: end)
    guard let record = fields.record(), fields.isOver else { return .corrupt }
    place = end
    return .record(record)
  }

  private func endOfRecord(at start: Int) -> Int? {
    RecordWriter.end(ofRecordAt: start, in: bytes, limit: Bounds.ledgerRecordBytes)
  }

  /// Whether a whole record begins anywhere behind the damaged one.
  private var isFollowedByRecord: Bool {
    var start = place + 1
    while start + RecordWriter.frameBytes < bytes.count {
      // A body begins with a kind, which spares most places the checksum.
      if RecordKind(rawValue: bytes[start + RecordWriter.frameBytes]) != nil,
        endOfRecord(at: start) != nil
      {
        return true
      }
      start += 1
    }
    return false
  }
}

extension RecordWriter {
  /// The end of the whole record that begins at `start`; `nil` if there is none, of `limit` bytes at
  /// most.
  static func end(ofRecordAt start: Int, in bytes: [UInt8], limit: Int) -> Int? {
    guard start + frameBytes < bytes.count else { return nil }
    let length = length(ofRecordAt: start, in: bytes)
    let end = start + frameBytes + length
    guard length > 0, length <= limit, end <= bytes.count,
      checksum(of: bytes, frame: start, end: end) == word(at: start + 4, in: bytes)
    else { return nil }
    return end
  }

  /// What the frame at `start` says of the bytes behind it.
  static func length(ofRecordAt start: Int, in bytes: [UInt8]) -> Int {
    Int(word(at: start, in: bytes))
  }

  private static func word(at place: Int, in bytes: [UInt8]) -> UInt32 {
    UInt32(bytes[place])
      | UInt32(bytes[place + 1]) << 8
      | UInt32(bytes[place + 2]) << 16
      | UInt32(bytes[place + 3]) << 24
  }
}

extension RecordFields {
  fileprivate mutating func record() -> JournalRecord? {
    guard place < end, let kind = RecordKind(rawValue: bytes[place]) else { return nil }
    place += 1
    switch kind {
    case .header: return header()
    case .account:
      guard let number = number(), let account = account(), let start = time(), let end = time(),
        let spent = money()
      else { return nil }
      let period = BudgetPeriod(start: start, end: end)
      return .account(number: number, account, period, spent: spent)
    case .series:
      guard let number = number(), let account = account() else { return nil }
      return .series(number: number, account)
    case .attribution:
      guard let number = number(), let tenant = text(), let user = text(), let tier = text(),
        let product = text(), let tag = text(), let model = text()
      else { return nil }
      return .attribution(
        number: number,
        Attribution(
          tenant: tenant,
          user: user,
          tier: tier,
          product: product,
          tag: tag,
          model: model
        )
      )
    case .hold: return hold()
    case .settlement: return settlement()
    case .switchChange: return change()
    case .marks: return marks()
    case .end: return .end
    }
  }

  private mutating func header() -> JournalRecord? {
    guard text() == "sluice-ledger", number() == RecordWriter.version, let kind = number(),
      let segment = number(), let lastHold = number(), let second = time()
    else { return nil }
    return .header(
      JournalHeader(
        isCheckpoint: kind == 1,
        segment: segment,
        lastHold: lastHold,
        writtenAt: second
      )
    )
  }

  private mutating func hold() -> JournalRecord? {
    guard let id = number(), let second = time(), let amount = money(), let attribution = number(),
      let accounts = numbers(), let series = numbers()
    else { return nil }
    return .hold(
      JournalRecord.Hold(
        id: id,
        second: second,
        amount: amount,
        attribution: attribution,
        accounts: accounts,
        series: series
      )
    )
  }

  private mutating func settlement() -> JournalRecord? {
    guard let id = number(), let second = time(), let attribution = number(), let code = number(),
      let basis = Settlement.Basis(code: code), let cost = money(), let isCounted = number()
    else { return nil }
    var usage: Usage?
    if isCounted == 1 {
      guard let prompt = number(), let cached = number(), let completion = number(),
        let reasoning = number()
      else { return nil }
      usage = Usage(
        prompt: Int(clamping: prompt),
        completion: Int(clamping: completion),
        cached: Int(clamping: cached),
        reasoning: Int(clamping: reasoning)
      )
    }
    return .settlement(
      JournalRecord.Settled(
        id: id,
        second: second,
        attribution: attribution,
        settlement: Settlement(basis, cost: cost, usage: usage)
      )
    )
  }

  private mutating func change() -> JournalRecord? {
    guard let second = time(), let account = account(), let word = text(), let until = time(),
      let by = text(), let reason = text()
    else { return nil }
    let action = KillSwitchSettings.Action(rawValue: word)
    guard action != nil || word.isEmpty else { return nil }
    return .switchChange(
      SwitchChange(
        account: account,
        action: action,
        until: until == .min ? nil : until,
        by: by,
        reason: reason
      ),
      second: second
    )
  }

  private mutating func marks() -> JournalRecord? {
    guard let number = number(), let total = money(), let count = self.number(),
      count <= UInt64(end - place)
    else { return nil }
    var marks: [SpendSeries.Mark] = []
    var start: Int64 = 0
    for _ in 0..<count {
      guard let gap = time(), let length = time(), let before = money() else { return nil }
      start &+= gap
      marks.append(SpendSeries.Mark(start: start, end: start &+ length, before: before))
    }
    return .marks(number: number, SpendSeries(marks: marks, total: total))
  }

  private mutating func account() -> Account? {
    guard let owner = text(), let key = text() else { return nil }
    return Account(owner: owner, key: key)
  }

  private mutating func numbers() -> [UInt64]? {
    guard let count = number(), count <= UInt64(end - place) else { return nil }
    var numbers: [UInt64] = []
    for _ in 0..<count {
      guard let number = number() else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  private mutating func money() -> NanoDollars? {
    guard let value = number(), let count = Int64(exactly: value) else { return nil }
    return NanoDollars(count)
  }
}

/// The fields of one record, in their order; `nil` where the bytes do not hold them.
struct RecordFields {
  let bytes: [UInt8]
  var place: Int
  let end: Int

  var isOver: Bool { place == end }

  mutating func number() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < end, shift < 64 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  mutating func time() -> Int64? {
    guard let value = number() else { return nil }
    return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
  }

  mutating func text() -> String? {
    run().flatMap { String(validating: $0, as: UTF8.self) }
  }

  /// Bytes behind their count.
  mutating func run() -> ArraySlice<UInt8>? {
    guard let count = number(), count <= UInt64(end - place) else { return nil }
    defer { place += Int(count) }
    return bytes[place..<place + Int(count)]
  }
}
