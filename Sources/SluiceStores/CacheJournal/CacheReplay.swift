internal import SluiceCore
package import SluicePipeline

/// What was found when the cache's journal was opened.
package struct CacheRecovery: Sendable, Equatable {
  package var replies = 0
  package var questions = 0
  package var segments = 0
  package var bytes = 0
  /// Bytes behind the last whole record of a segment: a write that did not come to its end.
  package var tornBytes = 0
  /// Answers that were there and whose time is over.
  package var expired = 0
  /// Why all before some place was dropped; the last reason, if there were several.
  package var damage: CacheDamage?

  package init() {}
}

/// Why the cache begins without what was written.
package enum CacheDamage: Sendable, Equatable {
  case unreadable(LedgerFailure)
  /// The segment says what none says.
  case corrupt(segment: UInt64)
  /// Another version of Sluice wrote it.
  case version(UInt64, segment: UInt64)
  /// A segment before this one is not there.
  case gap(before: UInt64)
  /// The wall clock shows a time before that of the last record, so that no age is known.
  case clockWentBack

  /// For the log.
  package var reason: String {
    switch self {
    case .unreadable(let failure): failure.reason
    case .corrupt(let segment): "segment \(segment) is damaged"
    case .version(let version, let segment):
      "segment \(segment) has format \(version), this is \(CacheRecord.version)"
    case .gap(let segment): "the segment before \(segment) is missing"
    case .clockWentBack: "the clock went back"
    }
  }
}

/// Puts together what the cache held, from its records in their order.
///
/// Times of several processes are put on one axis: within one clock (that of a boot) by the monotonic
/// half of moments, which no step of the wall clock reaches; from one clock to the next by the wall
/// time that passed between the last record of the one and the first of the other. If that is
/// negative, the ages of all before are unknown and all before is dropped.
struct CacheReplay {
  private(set) var replies: ReplyTable
  /// By the fingerprint of their encoder, then by name.
  private(set) var questions: [Digest: [UInt64: VectorRow]] = [:]
  private(set) var states: [String: [UInt8]] = [:]
  private(set) var damage: CacheDamage?

  private var clock: String?
  /// What a monotonic time of `clock` lies behind on the axis.
  private var offset: Int64 = 0
  /// The latest moment of `clock` that is known.
  private var latest = Moment(monotonic: 0, wall: 0)
  /// Of the questions that follow.
  private var encoder: Digest?

  init(capacity: Int) { replies = ReplyTable(capacity: capacity) }

  /// What follows has the times of `clock`, which shows `moment`.
  mutating func turn(to clock: String, at moment: Moment) {
    encoder = nil
    if clock == self.clock { return note(moment) }
    if self.clock == nil {
      offset = -moment.monotonic
    } else {
      let passed = moment.wall - latest.wall
      if passed < 0 { drop(because: .clockWentBack) }
      offset = offset &+ latest.monotonic &+ max(0, passed) &- moment.monotonic
    }
    self.clock = clock
    latest = moment
  }

  mutating func apply(_ record: CacheRecord) {
    switch record {
    case .header(_, _, let clock, let moment): turn(to: clock, at: moment)
    case .clock(let moment): note(moment)
    case .reply(let key, var reply):
      reply.storedAt.monotonic &+= offset
      guard CacheRecord.isPlausible(reply.storedAt.monotonic) else { return }
      // Larger than all of it may be: then it is not kept, as when it came.
      _ = replies.store(reply, for: key)
    case .forgotten(let selection): _ = replies.remove(selection)
    case .state(let name, let bytes): states[name] = bytes.isEmpty ? nil : bytes
    case .encoder(let fingerprint): encoder = fingerprint
    case .question(let row):
      if let encoder { questions[encoder, default: [:]][row.id] = row }
    case .agreement(let agree, let one, let other):
      guard let encoder else { return }
      note(agree, one, other, of: encoder)
      note(agree, other, one, of: encoder)
    }
  }

  /// Forgets answers and questions; what goes by a name is no answer, and stays.
  mutating func drop(because damage: CacheDamage) {
    self.damage = damage
    _ = replies.remove(.everything)
    questions = [:]
  }

  /// The answers that may yet be served at `moment` of `clock`, as if stored by this process.
  mutating func finish(
    on clock: String,
    at moment: Moment
  ) -> [(key: Digest, reply: CachedReply)] {
    turn(to: clock, at: moment)
    let now = moment.monotonic &+ offset
    guard CacheRecord.isPlausible(now) else { return [] }
    let usable = replies.replies(at: Moment(monotonic: now, wall: 0))
    return usable.compactMap { key, reply in
      let age = now - reply.storedAt.monotonic
      // Stored later than now: no clock of ours says so.
      guard age >= 0 else { return nil }
      var reply = reply
      reply.storedAt = moment.advanced(byNanoseconds: -age)
      return (key, reply)
    }
  }

  private mutating func note(_ moment: Moment) {
    // Segments that were written at the same time interleave.
    if moment.monotonic >= latest.monotonic { latest = moment }
  }

  private mutating func note(
    _ agree: Bool,
    _ id: UInt64,
    _ other: UInt64,
    of encoder: Digest
  ) {
    guard let row = questions[encoder]?[id] else { return }
    var agreements = row.agreements
    if agreements.count >= Bounds.knownAgreements, agreements[other] == nil,
      let first = agreements.keys.min()
    {
      agreements[first] = nil
    }
    agreements[other] = agree
    questions[encoder]?[id] = VectorRow(
      id: id,
      context: row.context,
      question: row.question,
      signs: row.signs,
      bytes: row.bytes,
      scale: row.scale,
      agreements: agreements
    )
  }
}
