internal import SluiceCore
internal import SluicePipeline

/// What a record of the cache's journal says, framed as the ledger's are (`RecordWriter`).
enum CacheRecord: Sendable {
  /// Numbers stay what they are: files outlive programs.
  enum Kind: UInt8 {
    case header = 1
    case clock = 2
    case reply = 3
    case forgotten = 4
    case state = 5
    case encoder = 6
    case question = 7
    case agreement = 8
  }

  /// The first record of every segment: which one it is, and whose monotonic clock its times are of.
  case header(version: UInt64, segment: UInt64, clock: String, Moment)
  /// When what follows was written.
  case clock(Moment)
  /// An answer; of the time when it was stored only the monotonic half is written.
  case reply(Digest, CachedReply)
  /// What was invalidated; concerns all before it.
  case forgotten(CacheSelection)
  /// Bytes under a name; none: there is nothing under it any more.
  case state(String, [UInt8])
  /// Whose vectors the questions that follow in this segment have.
  case encoder(Digest)
  case question(VectorRow)
  case agreement(Bool, UInt64, UInt64)

  /// Of what is written; another number in a header is another format.
  static let version: UInt64 = 1

  /// Bytes of one record at most: of the largest answer, its tags and names.
  static let bytes = Bounds.cachedReplyBytes + (1 << 20)

  /// Whether its times are such that sums of some of them do not overflow.
  static func isPlausible(_ monotonic: Int64) -> Bool { monotonic.magnitude < 1 << 61 }
}

extension RecordWriter {
  mutating func append(_ record: CacheRecord) {
    switch record {
    case .header(let version, let segment, let clock, let moment):
      write(.header) {
        $0.text("sluice-cache")
        $0.number(version)
        $0.number(segment)
        $0.text(clock)
        $0.moment(moment)
      }
    case .clock(let moment): write(.clock) { $0.moment(moment) }
    case .reply(let key, let reply):
      write(.reply) {
        $0.digest(key)
        $0.time(reply.storedAt.monotonic)
        $0.number(UInt64(max(0, reply.ttlNanoseconds)))
        $0.number(UInt64(max(0, reply.staleNanoseconds)))
        $0.text(reply.product)
        $0.text(reply.model)
        $0.number(UInt64(reply.tags.count))
        for tag in reply.tags { $0.text(tag) }
        $0.run(reply.body)
      }
    case .forgotten(let selection): write(.forgotten) { $0.selection(selection) }
    case .state(let name, let bytes):
      write(.state) {
        $0.text(name)
        $0.run(bytes)
      }
    case .encoder(let fingerprint): write(.encoder) { $0.digest(fingerprint) }
    case .question(let row): write(.question) { $0.row(row) }
    case .agreement(let agree, let one, let other):
      write(.agreement) {
        $0.number(agree ? 1 : 0)
        $0.number(one)
        $0.number(other)
      }
    }
  }

  private mutating func write(_ kind: CacheRecord.Kind, _ fields: (inout RecordWriter) -> Void) {
    let start = begin(code: kind.rawValue)
    fields(&self)
    end(start)
  }

  private mutating func digest(_ digest: Digest) {
    number(32)
    digest.append(to: &bytes)
  }

  private mutating func moment(_ moment: Moment) {
    time(moment.monotonic)
    time(moment.wall)
  }

  private mutating func selection(_ selection: CacheSelection) {
    switch selection {
    case .everything: number(0)
    case .product(let name):
      number(1)
      text(name)
    case .tag(let name):
      number(2)
      text(name)
    case .key(let key):
      number(3)
      digest(key)
    }
  }

  private mutating func row(_ row: VectorRow) {
    number(row.id)
    digest(row.context)
    digest(row.question.answer)
    time(row.question.expiresAt)
    number(UInt64(row.question.language))
    for kind in FactDigests.Kind.allCases { number(UInt64(row.question.facts[kind])) }
    let (texts, rarities, signs) = row.question.words.parts
    run(texts)
    run(rarities)
    words(signs)
    words(row.signs)
    run(row.bytes.map { UInt8(bitPattern: $0) })
    number(UInt64(row.scale.bitPattern))
    number(UInt64(row.agreements.count))
    for (other, agree) in row.agreements.sorted(by: { $0.key < $1.key }) {
      number(other)
      number(agree ? 1 : 0)
    }
  }

  /// Words of 64 bits, which are as good as random: shorter as they are than as numbers.
  private mutating func words(_ words: [UInt64]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * 8)
    for word in words {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    run(bytes)
  }
}

extension RecordFields {
  /// The record whose body this is; `nil` if no record says so.
  mutating func cacheRecord() -> CacheRecord? {
    guard place < end, let kind = CacheRecord.Kind(rawValue: bytes[place]) else { return nil }
    place += 1
    let record: CacheRecord?
    switch kind {
    case .header: record = header()
    case .clock: record = moment().map { .clock($0) }
    case .reply: record = reply()
    case .forgotten: record = selection().map { .forgotten($0) }
    case .state:
      guard let name = text(), let bytes = run() else { return nil }
      record = .state(name, Array(bytes))
    case .encoder: record = digest().map { .encoder($0) }
    case .question: record = row().map { .question($0) }
    case .agreement:
      guard let agree = number(), let one = number(), let other = number() else { return nil }
      record = .agreement(agree == 1, one, other)
    }
    return isOver ? record : nil
  }

  private mutating func header() -> CacheRecord? {
    guard text() == "sluice-cache", let version = number() else { return nil }
    guard version == CacheRecord.version else {
      // What else it says is for whoever knows that version.
      place = end
      return .header(version: version, segment: 0, clock: "", Moment(monotonic: 0, wall: 0))
    }
    guard let segment = number(), let clock = text(), let moment = moment() else { return nil }
    return .header(version: version, segment: segment, clock: clock, moment)
  }

  private mutating func reply() -> CacheRecord? {
    guard let key = digest(), let stored = time(), CacheRecord.isPlausible(stored),
      let ttl = number(), let stale = number(), let product = text(), let model = text(),
      let count = number(), count <= UInt64(end - place)
    else { return nil }
    var tags: [String] = []
    for _ in 0..<count {
      guard let tag = text() else { return nil }
      tags.append(tag)
    }
    guard let body = run() else { return nil }
    return .reply(
      key,
      CachedReply(
        body: Array(body),
        product: product,
        tags: tags,
        model: model,
        storedAt: Moment(monotonic: stored, wall: 0),
        ttlNanoseconds: Int64(clamping: ttl),
        staleNanoseconds: Int64(clamping: stale)
      )
    )
  }

  private mutating func selection() -> CacheSelection? {
    switch number() {
    case 0: return .everything
    case 1: return text().map { .product($0) }
    case 2: return text().map { .tag($0) }
    case 3: return digest().map { .key($0) }
    default: return nil
    }
  }

  private mutating func row() -> VectorRow? {
    guard let id = number(), id > 0, id < 1 << 62, let context = digest(), let answer = digest(),
      let expiry = time(),
      let language = number(), let known = UInt8(exactly: language)
    else { return nil }
    var facts = FactDigests()
    for kind in FactDigests.Kind.allCases {
      guard let value = number(), let fact = UInt32(exactly: value) else { return nil }
      facts[kind] = fact
    }
    guard let texts = run(), let rarities = run(), let wordSigns = words(),
      let words = KeptWords(texts: Array(texts), rarities: Array(rarities), signs: wordSigns),
      let signs = self.words(), let bytes = run(), let bits = number(),
      let pattern = UInt32(exactly: bits), Float(bitPattern: pattern).isFinite,
      let count = number(),
      count <= UInt64(Bounds.knownAgreements)
    else { return nil }
    var agreements: [UInt64: Bool] = [:]
    for _ in 0..<count {
      guard let other = number(), let agree = number() else { return nil }
      agreements[other] = agree == 1
    }
    return VectorRow(
      id: id,
      context: context,
      question: KeptQuestion(
        words: words,
        facts: facts,
        language: known,
        answer: answer,
        expiresAt: expiry
      ),
      signs: signs,
      bytes: bytes.map { Int8(bitPattern: $0) },
      scale: Float(bitPattern: pattern),
      agreements: agreements
    )
  }

  private mutating func moment() -> Moment? {
    guard let monotonic = time(), CacheRecord.isPlausible(monotonic), let wall = time(),
      wall.magnitude < 1 << 62
    else { return nil }
    return Moment(monotonic: monotonic, wall: wall)
  }

  private mutating func digest() -> Digest? { run().flatMap { Digest(exactly: $0) } }

  private mutating func words() -> [UInt64]? {
    guard let bytes = run(), bytes.count.isMultiple(of: 8) else { return nil }
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: 8)
      .map { start in
        (0..<8).reduce(UInt64.zero) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
      }
  }
}

/// Takes the records of one segment apart.
struct CacheRecordReader {
  enum Next {
    case record(CacheRecord)
    /// The segment is over, after a whole record.
    case over
    /// From here on there is no whole record: a write that did not come to its end.
    case torn
    /// A damaged record with a whole one behind it, or one that says what no record says.
    case corrupt
  }

  /// Bytes that are checked in search of a whole record behind a damaged one; a search that takes
  /// more is answered as if there was one, which costs more of the cache.
  private static let searchedBytes = 256 << 20

  let bytes: [UInt8]
  private(set) var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Next {
    if place == bytes.count { return .over }
    guard let end = RecordWriter.end(ofRecordAt: place, in: bytes, limit: CacheRecord.bytes) else {
      return isFollowedByRecord ? .corrupt : .torn
    }
    var fields = RecordFields(bytes: bytes, place: place + RecordWriter.frameBytes, end: end)
    guard let record = fields.cacheRecord() else { return .corrupt }
    place = end
    return .record(record)
  }

  private var isFollowedByRecord: Bool {
    var searched = 0
    for start in bytes.indices.dropFirst(place + 1).dropLast(RecordWriter.frameBytes)
    where CacheRecord.Kind(rawValue: bytes[start + RecordWriter.frameBytes]) != nil {
      if RecordWriter.end(ofRecordAt: start, in: bytes, limit: CacheRecord.bytes) != nil {
        return true
      }
      let length = RecordWriter.length(ofRecordAt: start, in: bytes)
      if length > 0, length <= CacheRecord.bytes,
        start + RecordWriter.frameBytes + length <= bytes.count
      {
        searched += length
      }
      if searched > Self.searchedBytes { return true }
    }
    return false
  }
}
